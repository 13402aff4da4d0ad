import ArgumentParser
import Glibc
import MQCore

/// What the entry point needs of every verb: how it runs, and what to say when it fails.
protocol Verb: ParsableCommand {
    var shared: SharedOptions { get }
    /// Named in front of the sentence of a failure.
    var subject: String? { get }
    func perform(_ console: Console) throws(TransportError) -> Ending
}

extension Verb {
    var subject: String? { nil }

    func run() throws {
        let settings: Console.Settings
        do throws(TransportError) {
            settings = try shared.settings()
        } catch {
            Console(Console.Settings(errorsAreJSON: shared.errorFormat == "json")).fail(error, address: nil)
            throw ExitCode(ExitStatus.status(of: error.code))
        }
        let console = Console(settings, remedies: .of(Self.self))
        let result = Result { () throws(TransportError) in try perform(console) }
        console.endProgress()
        ExitCleanup.runAll()
        switch result {
        case .success(.success): return
        case .success(.signal(let number)): ProcessMonitor.die(of: number)
        case .success(.negative(let sentence)):
            console.fail(TransportError(.negative, sentence), address: subject)
            throw ExitCode(ExitStatus.status(of: .negative))
        case .failure(let error):
            console.fail(error, address: subject)
            throw ExitCode(ExitStatus.status(of: error.code))
        }
    }
}

extension RemedyWords {
    /// The words of a verb, whose flags its parser knows.
    static func of(_ verb: any Verb.Type) -> RemedyWords {
        RemedyWords(verb: verb.configuration.commandName ?? "") { flag in CommandModel.of(verb).option(named: flag) != nil }
    }
}
