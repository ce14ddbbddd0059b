import ArgumentParser
import Fewtap

@main
struct FewtapCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "fewtap")
}
