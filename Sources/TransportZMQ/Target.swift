import Glibc
import MQCore

/// What stands behind `zmq:`: a socket type, if given, and its endpoints.
struct Target: Sendable {
    var type: SocketType?
    var endpoints: [Endpoint]
    /// `zmq:temp`: both ends live in one process tree and share a private path; the receiver binds.
    var temporaryPath: String?

    /// - Throws: `usage`.
    init(_ targets: [String]) throws(TransportError) {
        let (word, first) = Self.split(targets[0])
        if let word {
            guard let type = SocketType(rawValue: word.lowercased()) else {
                let types = SocketType.allCases.map(\.rawValue)
                let near = Suggestion.nearest(to: word, in: types) ?? Suggestion.nearest(to: word, in: ["tcp", "ipc"]).map { "\($0)://" }
                throw TransportError(
                    .usage, "'\(word)' is not a socket type",
                    hint: near.map { "did you mean \($0)?" } ?? "socket types are \(types.joined(separator: ", "))")
            }
            self.type = type
        }
        if first == "temp" {
            guard targets.count == 1 else { throw TransportError(.usage, "temp stands alone, without further endpoints") }
            temporaryPath = Self.freshPath()
            endpoints = []
            return
        }
        endpoints = []
        // An empty target is allowed here: opening an endpoint complains.
        if first.isEmpty && targets.count == 1 { return }
        endpoints.append(try Endpoint(first))
        for target in targets.dropFirst() { endpoints.append(try Endpoint(target)) }
    }

    /// The endpoints as one side opens them.
    /// - Throws: `usage` when there are none.
    func endpoints(receiving: Bool) throws(TransportError) -> [Endpoint] {
        if let temporaryPath { return [Endpoint(ipc: temporaryPath, binds: receiving)] }
        guard !endpoints.isEmpty else {
            throw TransportError(.usage, "the address names no endpoint", hint: "zmq:tcp://host:5555, zmq:@ipc:///run/feed")
        }
        return endpoints
    }

    /// `push:tcp://…` has a type; `tcp://…` and `@tcp://…` have none.
    private static func split(_ text: String) -> (String?, String) {
        guard !text.hasPrefix("@"), let colon = text.firstIndex(of: ":") else {
            return SocketType(rawValue: text.lowercased()) == nil ? (nil, text) : (text, "")
        }
        let rest = text[text.index(after: colon)...]
        return rest.hasPrefix("//") ? (nil, text) : (String(text[..<colon]), String(rest))
    }

    private static func freshPath() -> String {
        let home = [getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR")].compactMap { $0.map { String(cString: $0) } }
        let directory = home.first { $0.hasPrefix("/") && $0.utf8.count < 60 && access($0, W_OK) == 0 } ?? "/tmp"
        return "\(directory)/\(PrivateName.make("mq")).zmq"
    }
}
