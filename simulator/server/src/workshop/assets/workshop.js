"use strict";
// The page is whole without this script; it copies the command, and shows changes as they come.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const told = document.getElementById("copied");
  const done = () => { told.textContent = told.dataset.text; };
  if (navigator.clipboard) {
    navigator.clipboard.writeText(source.textContent).then(done);
  } else {
    // Without TLS there is no clipboard: mark the text, so that one key copies it.
    const range = document.createRange();
    range.selectNodeContents(source);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    if (document.execCommand("copy")) done();
  }
});
const live = document.body.dataset.live;
if (live) {
  new EventSource(live).onmessage = (event) => {
    const focused = document.activeElement && document.activeElement.id;
    for (const [id, html] of JSON.parse(event.data)) {
      let part = document.getElementById(id);
      if (!part && id.startsWith("row-")) {
        part = document.createElement("tr");
        part.id = id;
        document.getElementById("rows").append(part);
      }
      if (part) part.innerHTML = html;
    }
    const again = focused && document.getElementById(focused);
    if (again && again !== document.activeElement) again.focus();
  };
}
