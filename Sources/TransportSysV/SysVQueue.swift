import CSysV
import Glibc
import MQCore

/// An existing queue. Nothing is open: the kernel knows queues by number only.
struct SysVQueue: Sendable {
    let id: CInt
    /// Keeps a temporary queue from being removed while an endpoint uses it.
    var lifetime: SysVTemporary?

    init(id: CInt, lifetime: SysVTemporary? = nil) {
        self.id = id
        self.lifetime = lifetime
    }

    /// - Throws: `noSuchQueue` when it was removed, `permission` when it may not be read.
    func status() throws(TransportError) -> SysVStatus {
        var raw = csysv_status()
        let code = csysv_stat(id, &raw)
        if code < 0 { throw SysVFailure.status(-code, id: id) }
        return SysVStatus(raw, id: id)
    }

    func change(_ settings: SysVSettings) throws(TransportError) {
        let code = csysv_set(
            id, Int64(settings.queueBytes ?? -1), Int64(settings.mode ?? -1), Int64(settings.owner ?? -1), Int64(settings.group ?? -1))
        if code < 0 { throw SysVFailure.change(-code, id: id, settings) }
    }

    func remove() throws(TransportError) {
        let code = csysv_remove(id)
        if code < 0 { throw SysVFailure.removal(-code, id: id) }
    }
}

extension SysVTransport {
    /// Finds the addressed queue; a temporary one is made.
    /// - Throws: `usage` without a name, `noSuchQueue`, `permission`.
    func locate(_ access: SysVAccess) throws(TransportError) -> SysVQueue {
        if let temporary {
            if case .anything = access, !temporary.isMade { throw TransportError(.noSuchQueue, "the temporary queue is not made yet") }
            return SysVQueue(id: try temporary.identifier(), lifetime: temporary)
        }
        if case .id(let id) = name {
            var raw = csysv_status()
            let code = csysv_stat(id, &raw)
            // A queue that may be written but not read exists all the same.
            if code < 0 && code != -EACCES { throw SysVFailure.status(-code, id: id, neverSeen: true) }
            return SysVQueue(id: id)
        }
        guard let key = try name.derivedKey() else { throw Self.nameless }
        let id = csysv_get(key, access.flags)
        if id < 0 { throw SysVFailure.opening(-id, key: key, access) }
        return SysVQueue(id: id)
    }

    static var nameless: TransportError {
        TransportError(.usage, "the address names no queue", hint: "sysv:KEY, sysv:/path,proj=N, sysv:id=N or sysv:temp")
    }

    /// Makes the addressed queue if there is none, and says how an existing one differs from what was asked.
    /// - Returns: whether it was made.
    func makeIfMissing(exclusive: Bool = false, notices: Notices) throws(TransportError) -> Bool {
        if let temporary {
            let isNew = !temporary.isMade
            _ = try temporary.identifier()
            return isNew
        }
        if case .id = name {
            if !exclusive, (try? locate(.anything)) != nil { return false }
            throw TransportError(.cannotCreate, "an identifier is the kernel's to give", hint: "queues are made by key: sysv:KEY")
        }
        guard let key = try name.derivedKey() else { throw Self.nameless }
        do throws(TransportError) {
            _ = try Self.make(key: key, exclusive: true, settings)
            return true
        } catch  where error.errno == EEXIST && !exclusive {
            let queue = try locate(.anything)
            try reconcile(queue, notices)
            return false
        }
    }

    /// - Returns: the identifier.
    static func make(key: Int32, exclusive: Bool, _ settings: SysVSettings) throws(TransportError) -> CInt {
        let flags = csysv_create | csysv_exclusive | CInt(settings.mode ?? 0o600)
        let id = csysv_get(key, flags)
        if id < 0 { throw SysVFailure.making(-id, key: key) }
        if settings.needsChange {
            do throws(TransportError) {
                try SysVQueue(id: id).change(settings)
            } catch {
                // Half a queue would be found, and used, by the next attempt.
                _ = csysv_remove(id)
                throw error
            }
        }
        return id
    }

    /// Changes an existing queue to what was asked, if that was asked too, or says how it differs.
    private func reconcile(_ queue: SysVQueue, _ notices: Notices) throws(TransportError) {
        guard settings.needsChange || settings.mode != nil else { return }
        if settings.changes { return try queue.change(settings) }
        // Without permission to read it, the table still tells all but its qbytes.
        guard let status = (try? queue.status()) ?? (try? SysVStatus.table())?.first(where: { $0.id == queue.id }) else { return }
        let words = settings.differences(from: status).map { "\($0.is) instead of \($0.asked)" }
        if words.isEmpty { return }
        notices.warn("the queue exists and has \(words.joined(separator: ", ")); mq create with ,set changes it")
    }
}
