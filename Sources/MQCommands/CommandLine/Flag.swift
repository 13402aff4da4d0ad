/// One option of the command line, as data: the parser, help, the manual and completion read it.
struct Flag: Sendable {
    /// Without its dashes.
    let name: String
    /// One letter or digit.
    let short: Unicode.Scalar?
    /// Of its value; `nil` when it takes none.
    let kind: ValueKind?
    /// How help shows the value.
    let placeholder: String
    /// Whether it may be given more than once.
    let repeats: Bool
    /// What holds when it is not given, where that is a word to type.
    let standard: String?
    /// A sentence or two in the words of whoever types it.
    let help: String

    init(
        _ name: String, _ short: Unicode.Scalar? = nil, _ kind: ValueKind? = nil, _ placeholder: String? = nil, repeats: Bool = false,
        standard: String? = nil, help: String
    ) {
        self.name = name
        self.short = short
        self.kind = kind
        self.placeholder = placeholder ?? kind?.placeholder ?? ""
        self.repeats = repeats
        self.standard = standard
        self.help = help
    }

    /// The same flag, where a verb has more exact words for it.
    func saying(_ help: String) -> Flag {
        Flag(name, short, kind, placeholder, repeats: repeats, standard: standard, help: help)
    }

    /// `-n` and `--count`, the short one first.
    var names: [String] { (short.map { ["-\($0)"] } ?? []) + ["--\(name)"] }
}
