/// What stands on the command line without a dash.
struct Operand: Sendable {
    enum Count: Sendable {
        case one, optional
        /// All that are left; the last operand, but for a command.
        case any, some
        /// Everything behind `--`.
        case command, optionalCommand
    }

    /// In capitals, as help shows it.
    let name: String
    let count: Count
    let kind: ValueKind
    let help: String

    init(_ name: String, _ count: Count = .one, _ kind: ValueKind, help: String) {
        self.name = name
        self.count = count
        self.kind = kind
        self.help = help
    }

    /// Whether options of an address are about it. One that may be a scheme alone has words of its own to complete.
    var namesQueue: Bool { kind.isQueue || name == "ADDRESS" }
    var isCommand: Bool { count == .command || count == .optionalCommand }
    var isRequired: Bool { count == .one || count == .some || count == .command }
    var repeats: Bool { count == .any || count == .some || isCommand }

    /// `ADDRESS`, `[MESSAGE...]`, `-- COMMAND...`
    var synopsis: String {
        let word = (isCommand ? "-- " : "") + name + (repeats ? "..." : "")
        return isRequired ? word : "[\(word)]"
    }
}
