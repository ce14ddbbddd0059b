import ArgumentParser
import Fewtap
import Foundation

/// The command `fewtap`: runs a subcommand, and turns whatever it throws into one line and an exit code.
@main
struct FewtapCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fewtap",
    abstract: "Turns a big convolution kernel into a short chain of sparse layers, and runs that chain over images.",
    discussion: """
      Examples:
        fewtap kernel star:points=5,radius=22 --show
        fewtap fit heart:size=49 -o heart.json --taps 96
        fewtap apply heart.json photo.jpg blurred.png --compare
        fewtap export heart.json --language wgsl --stage compute -o heart-shader
        fewtap view heart.json photo.jpg -o heart.html
        fewtap info heart.json
        fewtap basis disk:radius=0...24 -o bokeh.json --knots 16
        fewtap apply bokeh.json photo.jpg shallow.png --depth depth.png --focus 0.3

      Exit codes: 0 done, 1 failed, 64 the command line was wrong, 69 there is no GPU. Nothing that exists is overwritten \
      without --force.
      """,
    version: "\(libraryVersion)",
    subcommands: [
      KernelCommand.self, FitCommand.self, BasisCommand.self, ApplyCommand.self, ExportCommand.self, ViewCommand.self,
      InfoCommand.self, CompareCommand.self, BenchCommand.self,
    ])

  static func main() {
    // A reader that closes its end early (`| head`) is no failure of ours.
    signal(SIGPIPE, SIG_IGN)
    do {
      var command = try parseAsRoot()
      do {
        try command.run()
      } catch let failure as Failure where failure.kind == .usage {
        let type = type(of: command)
        let isBench = BenchCommand.configuration.subcommands.contains { $0 == type }
        end(failure.message, help: "fewtap \(isBench ? "bench " : "")\(type.configuration.commandName ?? "") --help")
      } catch let failure as Failure where failure.kind == .noDevice {
        Console.writeError("fewtap: error: \(failure)")
        Foundation.exit(Failure.noDeviceCode)
      }
    } catch let code as ExitCode {
      Foundation.exit(code.rawValue)
    } catch {
      switch exitCode(for: error) {
      case .success: exit(withError: error)
      case .validationFailure: end(message(for: error), help: helpCommand(for: error))
      case let code:
        Console.writeError("fewtap: error: \(error)")
        Foundation.exit(code.rawValue)
      }
    }
  }

  /// Ends with the exit code of a wrong command line, and says where its form is explained.
  private static func end(_ message: String, help: String) -> Never {
    Console.writeError("fewtap: error: \(message)\nSee '\(help)'.")
    Foundation.exit(ExitCode.validationFailure.rawValue)
  }

  /// The command that explains the one which an error of the parser is about; the error's last line quotes it.
  private static func helpCommand(for error: any Error) -> String {
    let parts = fullMessage(for: error).split(separator: "\n").last?.split(separator: "'") ?? []
    return parts.count == 3 ? String(parts[1]) : "fewtap --help"
  }
}
