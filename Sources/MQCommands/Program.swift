import ArgumentParser
import Glibc
import MQCore

/// The whole of the program.
public enum Program {
    public static let version = "0.1.0"

    /// Parses the command line, runs it and exits; every failure is one sentence and its status.
    public static func main() -> Never {
        StandardStreams.secure()
        ProcessMonitor.claimSignals()
        do {
            var command = try parse(Array(CommandLine.arguments.dropFirst()))
            try command.run()
        } catch let status as ExitCode {
            end(status.rawValue)
        } catch {
            finish(error)
        }
        end(0)
    }

    /// A verb's own parser is asked directly: describing all the others first doubles the time of a short run.
    static func parse(_ words: [String]) throws -> any ParsableCommand {
        guard let first = words.first else { return try MQ.parseAsRoot(words) }
        if first == "bench", let verb = MQ.benchVerbs.first(where: { $0.name == words.dropFirst().first }) {
            return try verb.type.parseAsRoot(Array(words.dropFirst(2)))
        }
        if let verb = MQ.verbs.first(where: { $0.name == first }) { return try verb.type.parseAsRoot(Array(words.dropFirst())) }
        if first == "help", words.count > 1 { return try parse(Array(words.dropFirst()) + ["--help"]) }
        if first.hasPrefix("-") || first == "help" { return try MQ.parseAsRoot(words) }
        let known = MQ.verbs.map(\.name).filter { !$0.hasPrefix("_") }
        let near = Suggestion.nearest(to: first, in: known)
        throw TransportError(.usage, "there is no verb '\(first)'", hint: near.map { "did you mean \($0)?" } ?? "mq --help lists them")
    }

    /// Help and version go to standard output; a usage error becomes one sentence and status 64.
    private static func finish(_ error: any Error) -> Never {
        let status = MQ.exitCode(for: error)
        guard status != .success else { show(MQ.fullMessage(for: error) + "\n") }
        let errorsAreJSON = zip(CommandLine.arguments, CommandLine.arguments.dropFirst() + [""])
            .contains { $0 == "--error-format=json" || ($0, $1) == ("--error-format", "json") }
        let console = Console(Console.Settings(errorsAreJSON: errorsAreJSON))
        console.fail(error as? TransportError ?? UsageError.sentence(of: MQ.message(for: error)), address: nil)
        end(ExitStatus.status(of: .usage))
    }

    /// Ends the process at once. Everything is written by then and every endpoint closed; exit(3) would first have each library
    /// take down what another thread (a transport's own, a resolver's) may still be using.
    private static func end(_ status: Int32) -> Never { _exit(status) }

    private static func show(_ text: String) -> Never {
        do throws(TransportError) {
            try Results.print(text)
        } catch {
            Console(Console.Settings()).fail(error, address: nil)
            end(ExitStatus.status(of: error.code))
        }
        end(0)
    }
}
