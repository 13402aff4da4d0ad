public import MQCore

/// System V message queues of this kernel: msgget(2), msgop(2), msgctl(2), sysvipc(7).
public struct SysVTransport: Transport {
    let name: SysVName
    let settings: SysVSettings
    let selection: SysVSelection
    /// Longer messages are cut to this.
    let truncate: Int?
    /// The queue of `sysv:temp`, made when it is first opened.
    let temporary: SysVTemporary?

    public init(_ address: Address, options: OptionValues) throws(TransportError) {
        name = try SysVName(address.target, options)
        settings = try SysVSettings(options)
        selection = try SysVSelection(options)
        truncate = options.bytes("truncate")
        temporary = name == .temporary ? SysVTemporary(settings: settings) : nil
    }

    public func explain() -> [Fact] {
        var facts = name.facts
        if let queue = try? locate(.anything) { facts.append(Fact("id", "Id", .identifier(Int(queue.id)), source: "kernel")) }
        return facts
    }

    public func openSender(_ opening: Opening) throws(TransportError) -> sending any Sender {
        let type = opening.defaults.type ?? 1
        guard type >= 1 else { throw TransportError(.usage, "type \(type) is not allowed", hint: "message types start at 1") }
        let queue = try open(.writing, opening)
        return SysVSender(queue: queue, standardType: type, largest: try largestMessage(queue, opening))
    }

    public func openReceiver(_ opening: Opening) throws(TransportError) -> sending any Receiver {
        let queue = try open(.reading, opening)
        if opening.mode == .peek { return SysVPeeker(queue: queue, selection: selection) }
        return SysVReceiver(queue: queue, selection: selection, truncate: truncate)
    }

    public func openAdmin(_ opening: Opening) throws(TransportError) -> sending any Admin {
        SysVAdmin(transport: self, notices: opening.notices)
    }

    /// Opens the addressed queue, and makes it if the option says so.
    private func open(_ access: SysVAccess, _ opening: Opening) throws(TransportError) -> SysVQueue {
        if settings.creates, try makeIfMissing(notices: opening.notices) {
            opening.notices.detail("made the queue \(name.words)")
        }
        let queue = try locate(access)
        if temporary != nil { opening.notices(.listening("sysv:id=\(queue.id)")) }
        return queue
    }

    /// What `msgsnd` would refuse or, worse, wait for until the end of time.
    private func largestMessage(_ queue: SysVQueue, _ opening: Opening) throws(TransportError) -> Int {
        let largest = try SysVLimits.current().largestMessage
        do throws(TransportError) {
            return min(largest, try queue.status().queueBytes)
        } catch  where error.code == .permission {
            opening.notices.warn(
                "the queue may be written but not read, so its size is unknown: a message larger than its qbytes would wait for ever")
            return largest
        }
    }
}
