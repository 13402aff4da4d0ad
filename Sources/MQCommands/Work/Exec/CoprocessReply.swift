import MQCore

/// What a coprocess says of a record: `ok`, `retry`, `retry 30s`, `reject`, `reject no such customer`.
enum CoprocessReply: Equatable {
    case ok
    case retry(Duration?)
    case reject(String)

    /// - Returns: `nil` for anything else.
    init?(_ line: some BidirectionalCollection<UInt8>) {
        let text = String(decoding: line.last == 0x0d ? Array(line.dropLast()) : Array(line), as: UTF8.self)
        let parts = text.split(separator: " ", maxSplits: 1).map(String.init)
        let rest = parts.count > 1 ? parts[1] : nil
        switch parts.first {
        case "ok" where rest == nil: self = .ok
        case "retry":
            guard let rest else {
                self = .retry(nil)
                return
            }
            guard let delay = Quantity.duration(rest) else { return nil }
            self = .retry(delay)
        case "reject": self = .reject(rest ?? "rejected")
        default: return nil
        }
    }
}
