internal import MQCore
internal import Synchronization

/// The credentials of one address: found once, renewed before they expire, shared by the endpoints of this process.
final class CredentialStore: Sendable {
    private let chain: CredentialChain
    private let current = Mutex<Credentials?>(nil)

    init(_ chain: CredentialChain) { self.chain = chain }

    /// Where they come from, without asking anybody for them.
    func origin() throws(TransportError) -> String { try chain.find().words }

    /// Valid credentials. Blocks while they are fetched.
    /// - Throws: `permission` when there are none or they are refused, `configuration`, `unreachable`.
    func get(
        until deadline: Deadline, stop: StopFlag, notices: Notices = .none, clocks: Clocks = .system
    ) throws(TransportError) -> Credentials {
        // Whoever waits for the lock needs what its holder is fetching.
        let result: Result<Credentials, TransportError> = current.withLock { current in
            if let found = current, !found.expires(within: Credentials.margin, at: clocks.wallSeconds) { return .success(found) }
            let fetched = Result { () throws(TransportError) in try chain.fetch(until: deadline, stop: stop, notices: notices) }
            if case .success(let fresh) = fetched { current = fresh }
            // Those that still hold are better than none: the service that issues them may be back in a minute.
            if case .failure = fetched, let old = current, !old.expires(within: 0, at: clocks.wallSeconds) { return .success(old) }
            return fetched
        }
        return try result.get()
    }

    /// Forgets `refused`, unless it was renewed in between.
    func forget(_ refused: Credentials) {
        current.withLock { if $0 == refused { $0 = nil } }
    }
}
