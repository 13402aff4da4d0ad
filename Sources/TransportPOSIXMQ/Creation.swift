internal import Glibc
internal import MQCore

/// Makes a queue, with attributes chosen where none are given.
struct Creation {
    let name: String
    let options: OptionValues
    let notices: Notices

    /// More than about a hundred messages gain nothing.
    private static let usefulDepth = 100

    /// Returns whether the queue was made. The attributes of one that exists are left alone, and a difference is said.
    func run(exclusive: Bool) throws(TransportError) -> Bool {
        let size = options.bytes("msgsize") ?? Limits.sizeStandard
        let asked = options.integer("maxmsg")
        let allowed = Limits.bytesAllowed.map { Limits.largestDepth(size: size, within: $0) } ?? .max
        var depth = asked ?? max(1, min(Limits.depthMax, allowed, Self.usefulDepth))
        let mode = options.mode("mode")
        while true {
            let result = makeQueue(name, depth: depth, size: size, mode: mode)
            if result == -EEXIST && !exclusive {
                try compare(depth: asked, size: options.bytes("msgsize"))
                return false
            }
            // The user's other queues leave less room than the limit says: a shallower queue may still fit.
            if result == -EMFILE && asked == nil && depth > 1 {
                depth = max(1, depth / 2)
                continue
            }
            if result < 0 { throw OpenFailure.creation(-result, name: name, depth: asked ?? depth, size: size) }
            notices.detail("created \(name): maxmsg \(depth), msgsize \(size)")
            return true
        }
    }

    private func compare(depth: Int?, size: Int?) throws(TransportError) {
        guard depth != nil || size != nil else { return }
        guard let queue = try? Queue(name: name, access: O_RDONLY) else { return }
        var differences: [String] = []
        if let depth, depth != queue.depth { differences.append("maxmsg is \(queue.depth), not \(depth)") }
        if let size, size != queue.messageSize { differences.append("msgsize is \(queue.messageSize), not \(size)") }
        if !differences.isEmpty { notices.warn("\(name) exists already: \(differences.joined(separator: ", "))") }
    }
}
