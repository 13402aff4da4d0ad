import MQCore

struct Completion: Verb {
    static let table = VerbTable(
        "completion", .about, .reads, "Print the completion script of a shell.",
        description: [
            .text("The script asks mq for the words that fit, and so knows the queues of this machine. Load it with:"),
            .lines([
                "bash:  source <(mq completion bash)",
                "zsh:   source <(mq completion zsh), after compinit",
                "fish:  mq completion fish | source",
            ]),
        ],
        operands: [Operand("SHELL", .one, .choice(Shell.allCases.map(\.rawValue)), help: "bash, zsh or fish.")],
        examples: [
            VerbTable.Example(
                "For every new bash:", "mq completion bash > ~/.local/share/bash-completion/completions/mq"),
            VerbTable.Example("For every new fish:", "mq completion fish > ~/.config/fish/completions/mq.fish"),
        ])

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    var shell: Shell { Shell(rawValue: words.word("SHELL")!)! }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        try Results.print(shell.script)
        return .success
    }
}
