//! stub
#[derive(Debug, clap::Args)]
pub(super) struct ScenarioCommand {}
impl ScenarioCommand {
    pub(super) fn run(self) -> Result<std::process::ExitCode, super::Failure> {
        todo!()
    }
}
