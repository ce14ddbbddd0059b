import ArgumentParser

/// `fewtap bench`: measurements of this machine.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure this machine: what filters cost on it, and what fits reach.",
    discussion: """
      Examples:
        fewtap bench calibrate
        fewtap bench apply heart.json disk.json --json
        fewtap bench paper --quick

      Measure on an idle machine: another program's work shows in the figures.
      """,
    subcommands: [
      CalibrateCommand.self, BenchApplyCommand.self, BenchVaryingCommand.self, BenchPaperCommand.self,
      BenchMetricsCommand.self, BenchDepthCommand.self, BenchGPUCommand.self, BenchGradientCommand.self,
      BenchBasisGradientCommand.self,
    ])
}
