import CSysV
import Glibc
import MQCore

/// Which messages are received: the sign magic of msgrcv(2) with names.
enum SysVSelection: Sendable, Equatable {
    case all
    case only(Int)
    /// The lowest type first.
    case upTo(Int)
    case not(Int)

    private static let keys = ["type", "max-type", "not-type"]

    /// - Throws: `usage` when more than one is given.
    init(_ options: OptionValues) throws(TransportError) {
        let given = Self.keys.filter(options.has)
        if given.count > 1 {
            throw TransportError(.usage, "\(given.joined(separator: " and ")) exclude each other")
        }
        self =
            options.integer("type").map { .only($0) } ?? options.integer("max-type").map { .upTo($0) }
            ?? options.integer("not-type").map { .not($0) } ?? .all
    }

    var selector: Int {
        switch self {
        case .all: 0
        case .only(let type), .not(let type): type
        case .upTo(let type): -type
        }
    }

    var flags: CInt { if case .not = self { csysv_except } else { 0 } }

    func takes(_ type: Int) -> Bool {
        switch self {
        case .all: true
        case .only(let wanted): type == wanted
        case .upTo(let limit): type <= limit
        case .not(let unwanted): type != unwanted
        }
    }
}
