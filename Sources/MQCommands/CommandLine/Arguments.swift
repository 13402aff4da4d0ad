import MQCore

/// What one command line says, checked against the table of its verb.
///
/// A verb asks for its flags by their constants; asking for one that its table does not have is a mistake of the programmer.
struct Arguments: Sendable {
    struct Given: Sendable {
        var flag: Flag
        /// As it was typed: `-n`, `--count`.
        var name: String
        var value: String
    }

    let table: VerbTable
    var given: [Given] = []
    /// Words by operand, in the order of the table.
    var operands: [[String]] = []
    /// Nothing else counts then, and nothing else was checked.
    var wantsHelp = false

    init(_ table: VerbTable) { self.table = table }

    // MARK: - Operands

    func words(_ name: StaticString) -> [String] {
        guard let index = table.operands.firstIndex(where: { $0.name == name.description }) else {
            preconditionFailure("mq \(table.name) has no operand \(name)")
        }
        return operands[index]
    }

    func word(_ name: StaticString) -> String? { words(name).first }

    /// The queue that failures are about: the one address there is.
    var subject: String? {
        guard let index = table.operands.firstIndex(where: { $0.kind.isQueue }), !table.operands[index].repeats else { return nil }
        return operands[index].first.map(Address.escapingRaw)
    }

    // MARK: - Flags

    private func all(_ flag: Flag) -> [Given] {
        assert(table.flag(named: flag.name) != nil, "mq \(table.name) has no flag --\(flag.name)")
        return given.filter { $0.flag.name == flag.name }
    }

    func has(_ flag: Flag) -> Bool { !all(flag).isEmpty }
    func times(_ flag: Flag) -> Int { all(flag).count }
    func text(_ flag: Flag) -> String? { all(flag).last?.value }
    func texts(_ flag: Flag) -> [String] { all(flag).map(\.value) }
    func integer(_ flag: Flag) -> Int? { text(flag).flatMap(Quantity.integer) }
    func duration(_ flag: Flag) -> Duration? {
        text(flag).flatMap { text in
            if case .patience? = flag.kind, text == ValueKind.forever { return .forever }
            return Quantity.duration(text)
        }
    }
    func size(_ flag: Flag) -> Int? { text(flag).flatMap(Quantity.bytes) }
    func rate(_ flag: Flag) -> Double? { text(flag).flatMap(Quantity.rate) }
    /// The flag as it was typed, for a sentence about it.
    func name(_ flag: Flag) -> String { all(flag).last?.name ?? "--\(flag.name)" }

    /// The framing, which has four flags.
    /// - Throws: `usage` when two are given.
    func framing() throws(TransportError) -> Framing {
        let shorthands: [Framing] = (has(.nul) ? [.nul] : []) + (has(.whole) ? [.whole] : []) + (has(.jsonl) ? [.jsonl] : [])
        let given = try text(.framing).map { word throws(TransportError) in [try Framing(parsing: word)] } ?? []
        let all = given + shorthands
        guard all.count <= 1 else {
            throw TransportError(.usage, "the framing is given twice: \(all.map(\.word).joined(separator: " and "))")
        }
        return all.first ?? .lines
    }
}

extension ValueKind {
    /// Whether it names queues, which options of an address are about.
    var isQueue: Bool {
        switch self {
        case .address, .scheme: true
        default: false
        }
    }
}
