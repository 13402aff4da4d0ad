import MQCore

/// What goes wrong by chance, as a person writes it: `throttle=5%,reset=1%,partial=5%,duplicate=1%,delay=50ms`.
public struct StandInFaults: Sendable, Equatable {
    /// Probabilities, 0…1: a request is refused for now; its connection is reset instead of a reply; an entry of a batch fails; a message
    /// is delivered once more.
    public var (throttle, reset, partial, duplicate) = (0.0, 0.0, 0.0, 0.0)
    /// Before each reply.
    public var delay: Duration = .zero

    /// Nothing goes wrong.
    public init() {}

    /// - Throws: `StandInFailure` with the place of what is wrong.
    public init(parsing text: String) throws {
        var place = 1
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            defer { place += part.unicodeScalars.count + 1 }
            let pieces = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let (name, value) = (pieces[0], pieces.count > 1 ? pieces[1] : "")
            if text.isEmpty { break }
            let valuePlace = place + name.unicodeScalars.count + 1
            func share() throws -> Double {
                guard let share = Self.share(value) else {
                    throw StandInFailure("'\(text)', character \(valuePlace): '\(value)' is not a share from 0% to 100%")
                }
                return share
            }
            switch name {
            case "throttle": throttle = try share()
            case "reset": reset = try share()
            case "partial": partial = try share()
            case "duplicate": duplicate = try share()
            case "delay":
                guard let duration = Quantity.duration(value), duration <= .seconds(3600) else {
                    throw StandInFailure("'\(text)', character \(valuePlace): '\(value)' is not a duration up to 1h")
                }
                delay = duration
            default:
                throw StandInFailure(
                    "'\(text)', character \(place): there is no fault '\(name)'; there are throttle, reset, partial, duplicate and delay")
            }
        }
    }

    private static func share(_ text: String) -> Double? {
        let isPercent = text.hasSuffix("%")
        guard let number = Double(isPercent ? String(text.dropLast()) : text), (0...(isPercent ? 100 : 1)).contains(number) else {
            return nil
        }
        return isPercent ? number / 100 : number
    }

    /// As `init(parsing:)` takes it; empty where nothing goes wrong.
    public var text: String {
        [("throttle", throttle), ("reset", reset), ("partial", partial), ("duplicate", duplicate)].filter { $0.1 > 0 }
            .map { "\($0.0)=\(Quantity.decimal($0.1 * 100, digits: 2))%" }.joined(separator: ",")
            + (delay > .zero ? "\(throttle + reset + partial + duplicate > 0 ? "," : "")delay=\(Quantity.words(delay))" : "")
    }
}
