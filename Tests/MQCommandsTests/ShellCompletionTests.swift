import MQTesting
import Testing

@testable import MQCommands

/// Each script is loaded in its real shell and completes lines as people type them.
@Suite(.ownThread, .timeLimit(.minutes(1)))
struct ShellCompletionTests {
    struct Line: CustomTestStringConvertible, Sendable {
        var typed: String
        var answers: [String]
        /// What bash, which breaks words at `:` and `=`, is to be given.
        var behindBreak: [String]?
        var testDescription: String { typed }
    }

    private static let root = Executable.packageRoot

    static let lines = [
        Line(typed: "mq se", answers: ["send", "serve"]),
        Line(typed: "mq send posix-", answers: ["posix-mq:"]),
        Line(typed: "mq send posix-mq:te", answers: ["posix-mq:temp"], behindBreak: ["temp"]),
        Line(typed: "mq send posix-mq:/q,maxm", answers: ["posix-mq:/q,maxmsg="], behindBreak: ["/q,maxmsg="]),
        Line(
            typed: "mq send posix-mq:/q,create=", answers: ["posix-mq:/q,create=yes", "posix-mq:/q,create=no"], behindBreak: ["yes", "no"]),
        Line(typed: "mq send posix-mq:/q -o create=y", answers: ["create=yes"], behindBreak: ["yes"]),
        Line(typed: "mq send -F ne", answers: ["netstring"]),
        Line(typed: "mq send --framing=ne", answers: ["--framing=netstring"], behindBreak: ["netstring"]),
        Line(typed: "mq recv --unt", answers: ["--until-closed"]),
        Line(typed: "mq completion ", answers: ["bash", "zsh", "fish"]),
        Line(typed: "mq help pur", answers: ["purge"]),
        Line(typed: "mq send nonsense:", answers: []),
        Line(typed: "mq -", answers: ["--help", "--version"]),
        Line(typed: "mq send sysv:\(root)/Package.sw", answers: ["sysv:\(root)/Package.swift"], behindBreak: ["\(root)/Package.swift"]),
        Line(
            typed: "mq recv zmq:@ipc://\(root)/Package.sw", answers: ["zmq:@ipc://\(root)/Package.swift"],
            behindBreak: ["//\(root)/Package.swift"]),
        Line(
            typed: "mq send zmq:tcp://h:1,secret-key=\(root)/Package.sw", answers: ["zmq:tcp://h:1,secret-key=\(root)/Package.swift"],
            behindBreak: ["\(root)/Package.swift"]),
    ]

    private func script(_ shell: Shell) -> String { "\(Executable.packageRoot)/completions/\(shell.fileName)" }

    private static func quoted(_ words: [String]) -> String { words.map(ShellWord.quoted).joined(separator: " ") }

    private func bash(_ line: String, before: String = "") throws -> [String] {
        _ = try Shells.path(of: "bash")
        let result = try Executable.mq().shell(
            """
            source \(script(.bash)) || exit 9
            complete -p mq >/dev/null || exit 8
            \(before)
            COMP_LINE=\(ShellWord.quoted(line)) COMP_POINT=\(line.utf8.count) COMP_CWORD=1 COMP_WORDS=(mq)
            _mq
            for word in "${COMPREPLY[@]}"; do printf '%s\\n' "$word"; done
            """)
        #expect(result.status == 0)
        #expect(result.errorText == "")
        return result.lines
    }

    @Test(arguments: lines)
    func bashCompletes(line: Line) throws { #expect(try bash(line.typed) == line.behindBreak ?? line.answers) }

    /// With `COMP_WORDBREAKS=${COMP_WORDBREAKS//:}` in a person's .bashrc, the whole word is replaced.
    @Test(arguments: lines)
    func bashCompletesWithoutWordBreaks(line: Line) throws { #expect(try bash(line.typed, before: "COMP_WORDBREAKS=' '") == line.answers) }

    /// Within quotes, bash does not break words.
    @Test(arguments: ["mq send \"posix-mq:te", "mq send 'posix-mq:te", "mq send \"mem:q\" -o \"dep"])
    func bashCompletesBehindAnOpenQuote(line: String) throws {
        #expect(try bash(line) == [line.hasSuffix("dep") ? "depth=" : "posix-mq:temp"])
    }

    @Test func bashFindsTheProgramBehindATildeAndAnAlias() throws {
        let script = """
            source \(script(.bash)); HOME=${PATH%%:*}
            for name in '~/mq' m; do
                COMP_LINE="$name send posix-mq:te" COMP_POINT=99 COMP_WORDS=("$name"); _mq; echo "${COMPREPLY[@]}"
            done
            """
        #expect(try Executable.mq().shell(script).lines == ["temp", "temp"])
    }

    @Test func zshAndFishCompleteBehindAnOpenQuote() throws {
        let zsh = try Shells.path(of: "zsh")
        let zshScript = """
            compdef() { : }; compadd() { print -rl -- $values }; source \(script(.zsh))
            for name in mq m; do words=($name send '"posix-mq:te'); CURRENT=3; _mq; done
            """
        #expect(try Executable.mq().shell("\(zsh) -f -c \(ShellWord.quoted(zshScript))").lines == ["posix-mq:temp", "posix-mq:temp"])
        let fish = try Shells.path(of: "fish")
        let fishScript = "source \(script(.fish)); complete -C 'mq send \"posix-mq:te'"
        #expect(try Executable.mq().shell("\(fish) --no-config -c \(ShellWord.quoted(fishScript))").text.contains("posix-mq:temp"))
    }

    @Test func bashLooksBeforeTheCursorOnly() throws {
        let result = try Executable.mq().shell(
            "source \(script(.bash)); COMP_LINE='mq se posix-mq:/q' COMP_POINT=5 COMP_WORDS=(mq); _mq; echo \"${COMPREPLY[@]}\"")
        #expect(result.text == "send serve\n")
    }

    @Test(arguments: lines)
    func zshCompletes(line: Line) throws {
        var words = line.typed.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        if line.typed.hasSuffix(" ") { words[words.count - 1] = "" }
        // Within the completion system only; here they are set by hand and what is offered is printed.
        let zsh = try Shells.path(of: "zsh")
        let result = try Executable.mq().shell(
            """
            exec \(zsh) -f -c \(ShellWord.quoted("""
                compdef() { registered=$* }
                compadd() { print -rl -- "${(@)values}" }
                source \(script(.zsh)) || exit 9
                [[ $registered == '_mq mq' ]] || exit 8
                words=(\(Self.quoted(words))) CURRENT=\(words.count)
                _mq
                exit 0
                """))
            """)
        #expect(result.status == 0)
        #expect(result.errorText == "")
        #expect(result.lines == line.answers)
    }

    @Test(arguments: lines)
    func fishCompletes(line: Line) throws {
        let fish = try Shells.path(of: "fish")
        let script = "source \(script(.fish)); or exit 9; complete -C \(ShellWord.quoted(line.typed))"
        let result = try Executable.mq().shell("exec \(fish) --no-config -c \(ShellWord.quoted(script))")
        #expect(result.status == 0)
        // In fish's own order; behind a tab stands the help.
        #expect(result.lines.map { String($0.prefix { $0 != "\t" }) }.sorted() == line.answers.sorted())
    }

    @Test func everyShellOffersTheVerbsAtTheBeginning() throws {
        #expect(try bash("mq ").contains("send"))
        let zsh = try Shells.path(of: "zsh")
        let zshScript = "compdef() { : }; compadd() { print -rl -- $values }; source \(script(.zsh)); words=(mq ''); CURRENT=2; _mq"
        #expect(try Executable.mq().shell("\(zsh) -f -c \(ShellWord.quoted(zshScript))").lines.contains("send"))
        let fish = try Shells.path(of: "fish")
        let fishScript = "source \(script(.fish)); complete -C 'mq '"
        #expect(try Executable.mq().shell("\(fish) --no-config -c \(ShellWord.quoted(fishScript))").text.contains("send\t"))
    }

    @Test func filesAreCompletedWhereFilesAreSent() throws {
        let root = Executable.packageRoot
        #expect(try bash("mq send mem:q -F files \(root)/Package.sw") == ["\(root)/Package.swift"])
    }
}
