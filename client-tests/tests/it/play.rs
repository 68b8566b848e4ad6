//! `scenario play` in a real terminal: tmux types, and what stands on the screen is what a learner sees.

use std::path::Path;
use std::path::PathBuf;

use client_tests::Client;
use client_tests::binary;
use client_tests::need;

use crate::scenarios::path_with;
use crate::terminal::Terminal;

/// A terminal in which `scenario play` runs with that shell.
fn play(clients: &[PathBuf], shell: &Path, arguments: &str) -> Terminal {
    let command = format!(
        "'{}' scenario play {arguments}; echo ended with $?; read _",
        binary().display()
    );
    Terminal::start(&clients[2], |tmux, folder| {
        tmux.arg(command)
            .env("SHELL", shell)
            .env("TMPDIR", folder)
            .env("PATH", path_with(clients));
    })
}

/// The folders of simulators that were not removed.
fn left_over(terminal: &Terminal) -> usize {
    let entries = std::fs::read_dir(terminal.folder()).unwrap();
    entries
        .filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().starts_with("eks-auth-sim-")
        })
        .count()
}

#[test]
fn a_learner_is_told_what_is_still_wrong_and_any_right_fix_counts() {
    let test = "a_learner_is_told_what_is_still_wrong_and_any_right_fix_counts";
    let Some(clients) = need(test, &[Client::Aws, Client::Kubectl, Client::Tmux]) else {
        return;
    };
    let terminal = play(&clients, Path::new("/bin/bash"), "unmapped-role --lang en");
    let screen = terminal.wait("(unmapped-role)");
    assert!(
        screen.contains("Profiles of the AWS CLI: default, creator, admin-test-role"),
        "{screen}"
    );
    terminal.enter("hint", "Hint 1/3: The authenticator's log names");
    let screen = terminal.enter("check", "Not fixed yet.");
    assert!(screen.contains("Still wrong: identity-not-mapped"), "{screen}");
    terminal.enter("explain", "cause: identity-not-mapped");

    // Wrong: somebody else's credentials get in, but not the role.
    let as_creator = "aws eks update-kubeconfig --name my-cluster --region us-west-2 --profile creator";
    terminal.enter(as_creator, "Updated context");
    let screen = terminal.enter("check", "Not fixed yet.");
    assert!(
        screen.contains(
            "the cluster let in arn:aws:iam::111122223333:user/creator, not `arn:aws:iam::111122223333:role/admin-test-role`"
        ),
        "{screen}"
    );

    // Right, but not as recommended: another way, another name.
    terminal.enter(
        "kubectl patch configmap aws-auth -n kube-system -p '{\"data\":{\"mapRoles\":\"- rolearn: \
         arn:aws:iam::111122223333:role/admin-test-role\\n  username: someone\\n  groups: [system:masters]\\n\"}}'",
        "configmap/aws-auth patched",
    );
    terminal.enter(
        "AWS_PROFILE=admin-test-role aws eks update-kubeconfig --name my-cluster --region us-west-2",
        "Updated context",
    );
    let screen = terminal.enter("check", "✔ Fixed.");
    assert!(
        screen.contains("hints 1 of 3") && screen.contains("LEARNED"),
        "{screen}"
    );

    // Again from the beginning, as recommended.
    terminal.enter("reset", "All is as at the beginning.");
    terminal.enter("check", "Not fixed yet.");
    terminal.enter(
        "KUBE_EDITOR=\"sed -i 's|  mapRoles: .|&\\n    - {rolearn: arn:aws:iam::111122223333:role/admin-test-role, username: \
         testrole, groups: [system:masters]}|'\" AWS_PROFILE=creator kubectl edit configmap aws-auth -n kube-system",
        "configmap/aws-auth edited",
    );
    terminal.enter("check", "✔ Fixed.");
    // Ctrl-C ends what runs in the shell, and nothing else.
    terminal.enter("echo begun; cat", "begun\n");
    terminal.keys(&["C-c"]);
    terminal.enter("hint", "Hint 2/3: Who is mapped?");
    terminal.enter("exit", "Everything is stopped and removed. Well done.\nended with 0");
    assert_eq!(left_over(&terminal), 0);
}

#[test]
fn a_learner_may_give_up_in_any_shell() {
    let test = "a_learner_may_give_up_in_any_shell";
    let Some(clients) = need(test, &[Client::Aws, Client::Kubectl, Client::Tmux]) else {
        return;
    };
    for (shell, last) in [("/bin/sh", "give-up"), ("/bin/zsh", "hint")] {
        if !Path::new(shell).exists() {
            eprintln!("{test}: no {shell}, left out");
            continue;
        }
        let terminal = play(&clients, Path::new(shell), "unmapped-role --lang ko");
        terminal.wait("(unmapped-role)");
        terminal.enter("hint", "힌트 1/3: ");
        match last {
            "give-up" => {
                let screen = terminal.enter("give-up", "해결 방법을 보고 마쳤습니다.");
                assert!(
                    screen.contains("configmap/aws-auth edited") && screen.contains("✔ 해결되었습니다."),
                    "{screen}"
                );
                terminal.enter("exit", "ended with 0");
            }
            _ => {
                terminal.enter("exit", "ended with 1");
            }
        }
        assert_eq!(left_over(&terminal), 0);
    }
}
