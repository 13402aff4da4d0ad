import Glibc
import MQCore

/// The whole of the program.
public enum Program {
    /// Parses the command line, runs it and exits; every failure is one sentence and its status.
    public static func main() -> Never {
        StandardStreams.secure()
        ProcessMonitor.claimSignals()
        let words = Array(CommandWords.all.dropFirst())
        let verb: any Verb
        do throws(TransportError) {
            verb = try parse(words)
        } catch {
            fail(error, Verbs.find(words)?.type, words, Console(Console.Settings(errorsAreJSON: wantsJSONErrors(words))), address: nil)
        }
        run(verb, words)
    }

    /// Finds the verb and reads the rest of the line by its table.
    /// - Throws: `usage`.
    static func parse(_ words: [String]) throws(TransportError) -> any Verb {
        switch words.first {
        case nil: return Help(try ArgumentParser.parse([], Help.table))
        case "--help", "-h": return Help(try ArgumentParser.parse(Array(words.dropFirst()), Help.table))
        case "--version": return Version(try ArgumentParser.parse(Array(words.dropFirst()), Version.table))
        case let first?:
            guard let (type, rest) = Verbs.find(words) else { throw first.hasPrefix("-") ? misplaced(first) : Verbs.unknown(first) }
            let arguments = try ArgumentParser.parse(rest, type.table)
            if arguments.wantsHelp {
                return Help(try ArgumentParser.parse(type.table.name.split(separator: " ").map(String.init), Help.table))
            }
            return type.init(arguments)
        }
    }

    /// An option where the verb should be.
    private static func misplaced(_ word: String) -> TransportError {
        let near = word.utf8.count < 3 ? nil : Suggestion.nearest(to: word, in: ["--help", "--version"])
        return TransportError(
            .usage, "mq has no option \(word)", hint: near.map { "did you mean \($0)?" } ?? "the verb comes first: mq VERB \(word) ...")
    }

    /// Before the line is understood.
    static func wantsJSONErrors(_ words: [String]) -> Bool { says(words, .errorFormat, "json") }

    /// Whether the words give the flag this value, whatever else is wrong with them.
    static func says(_ words: [String], _ flag: Flag, _ value: String) -> Bool {
        let words = words.prefix { $0 != "--" }
        let name = "--\(flag.name)"
        return zip(words, words.dropFirst() + [""]).contains { $0 == "\(name)=\(value)" || ($0, $1) == (name, value) }
    }

    private static func run(_ verb: any Verb, _ words: [String]) -> Never {
        let console = Console(Console.Settings(verb.words), remedies: .of(type(of: verb)))
        let result = Result { () throws(TransportError) in try verb.perform(console) }
        console.endProgress()
        ExitCleanup.runAll()
        let failure: TransportError
        switch result {
        case .success(.success): end(0)
        case .success(.status(let number)): end(number)
        case .success(.signal(let number)): ProcessMonitor.die(of: number)
        case .success(.negative(let sentence)): failure = TransportError(.negative, sentence)
        case .failure(let error): failure = error
        }
        fail(failure, type(of: verb), words, console, address: failure.subject ?? verb.words.subject)
    }

    /// One sentence and its status, or what the verb owes to whoever runs it.
    private static func fail(
        _ failure: TransportError, _ verb: (any Verb.Type)?, _ words: [String], _ console: Console, address: String?
    ) -> Never {
        if let convention = verb?.table.convention, says(words, convention.flag, convention.value) {
            // Whoever cannot be told has the status.
            try? Results.print(convention.text(console.remedies.worded(failure, at: address).sentence))
            end(convention.status)
        }
        console.fail(failure, address: address)
        end(ExitStatus.status(of: failure.code))
    }

    /// Ends the process at once. Everything is written by then and every endpoint closed; exit(3) would first have each library
    /// take down what another thread (a transport's own, a resolver's) may still be using.
    private static func end(_ status: Int32) -> Never { _exit(status) }
}

extension Console.Settings {
    init(_ words: Arguments) {
        self.init(
            isQuiet: words.has(.quiet), verbosity: words.times(.verbose), logsAreJSON: words.text(.logFormat) == "json",
            errorsAreJSON: words.text(.errorFormat) == "json",
            color: words.text(.color).flatMap(Console.ColorChoice.init) ?? .auto)
    }
}
