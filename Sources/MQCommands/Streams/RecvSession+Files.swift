import MQCore

/// Settling behind files: a message is settled once it is safe on disk, some time after it was written.
extension RecvSession {
    /// What is kept in memory until a file is safe.
    private static let pendingLimit = (bytes: 1 << 22, messages: 1 << 16)

    /// Between two waits: another file after SIGHUP, what is due, and settling what has become safe.
    func attend(_ files: FileSink, isIdle: Bool) throws(TransportError) {
        do throws(TransportError) {
            if hangups?.take() ?? false { try files.finish() }
            if batch.byteCount > Self.pendingLimit.bytes || batch.count > Self.pendingLimit.messages { try files.sync() }
            try files.attend(isIdle: isIdle)
        } catch {
            try settleSafe(files)
            try givePendingBack()
            throw error
        }
        try settleSafe(files)
    }

    func finishFiles() throws(TransportError) {
        guard let files else { return }
        do throws(TransportError) {
            try files.finish()
        } catch {
            try settleSafe(files)
            try givePendingBack()
            throw error
        }
        try settleSafe(files)
    }

    /// Settles those messages of `pending` that are safe on disk: from the front, since files are written in order.
    func settleSafe(_ files: FileSink) throws(TransportError) {
        var count = files.takeSafe()
        while count > 0, let range = pending.first {
            let part = range.prefix(count)
            try settle(part, as: .acknowledge)
            count -= part.count
            if part.count == range.count { pending.removeFirst() } else { pending[0] = part.upperBound..<range.upperBound }
        }
    }

    func givePendingBack() throws(TransportError) {
        let ranges = pending
        pending = []
        for range in ranges {
            received -= range.count
            try giveBack(range, isSettled: false)
        }
    }
}
