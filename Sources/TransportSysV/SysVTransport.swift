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

    private let options: OptionValues

    public init(_ address: Address, options: OptionValues) throws(TransportError) {
        self.options = options
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

    public func meetingPoint(named unique: String) throws(TransportError) -> MeetingPoint {
        switch name {
        case .temporary:
            // A private queue has no key that others could open; one derived from the unique name is as good as private.
            var hash: UInt32 = 2_166_136_261
            for byte in unique.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
            return MeetingPoint(sending: "sysv:0x\(String(hash | 0x4000_0000, radix: 16))\(options.text)", isPrivate: true)
        case .key(let key): return MeetingPoint(sending: "sysv:\(SysVName.hex(key))\(options.text)", isPrivate: false)
        case .id(let id): return MeetingPoint(sending: "sysv:id=\(id)\(options.text)", isPrivate: false)
        case .file(let path, _):
            return MeetingPoint(sending: Address(scheme: "sysv", targets: [path]).text + options.text, isPrivate: false)
        case .none: throw TransportError(.usage, "the address names no queue", hint: "sysv:temp is a private one")
        }
    }

    public func openSender(_ opening: Opening) throws(TransportError) -> sending any Sender {
        let type = opening.defaults.type ?? 1
        guard type >= 1 else { throw TransportError(.usage, "type \(type) is not allowed", hint: "message types start at 1") }
        let queue = try open(.writing, opening)
        return SysVSender(queue: queue, standardType: type, largest: try largestMessage(queue, opening))
    }

    public func openReceiver(_ opening: Opening) throws(TransportError) -> sending any Receiver {
        let queue = try open(.reading, opening)
        if opening.mode == .peek { return SysVPeeker(queue: queue, selection: selection, opening) }
        return SysVReceiver(queue: queue, selection: selection, truncate: truncate, isPrompt: opening.isPrompt)
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
