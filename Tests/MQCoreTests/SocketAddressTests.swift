import Glibc
import MQCore
import MQTesting
import Testing

@Suite(.timeLimit(.minutes(1)))
struct SocketAddressTests {
    @Test func aPathOfASocketHasOneTo107Bytes() {
        #expect(SocketAddress(unix: "") == nil)
        #expect(SocketAddress(unix: String(repeating: "a", count: 107))?.family == AF_UNIX)
        #expect(SocketAddress(unix: String(repeating: "a", count: 108)) == nil)
        // The NUL in front of an abstract name counts.
        #expect(SocketAddress(unix: String(repeating: "a", count: 106), isAbstract: true) != nil)
        #expect(SocketAddress(unix: String(repeating: "a", count: 107), isAbstract: true) == nil)
    }

    @Test(arguments: [("127.0.0.1", AF_INET), ("::1", AF_INET6)])
    func aNumberIsAnAddressAndANameIsNot(host: String, family: CInt) {
        let address = HostLookup.numeric(host, port: 4321)
        #expect(address?.family == family && address?.port == 4321)
        #expect(HostLookup.numeric("localhost", port: 1) == nil && HostLookup.numeric("", port: 1) == nil)
    }

    @Test func aSocketThatListensIsReachedAtItsAddressAndThenNoMore() throws {
        let bound = try #require(HostLookup.numeric("127.0.0.1", port: 0))
        let listener = bound.socket()
        #expect(bound.bind(listener) == 0 && listen(listener, 1) == 0)
        let address = try #require(SocketAddress.local(of: listener))
        #expect(address.port != 0 && address != bound)
        func connect() -> CInt {
            let descriptor = address.socket()
            defer { close(descriptor) }
            let result = address.connect(descriptor, until: .after(.seconds(10)), stop: StopFlag())
            #expect(SocketAddress.peer(of: descriptor) == (result == 0 ? "127.0.0.1:\(address.port)" : nil))
            #expect(SocketAddress.isWithinHost(descriptor) == (result == 0))
            return result
        }
        #expect(connect() == 0)
        close(listener)
        #expect(connect() == ECONNREFUSED)
    }

    @Test func aConnectionIsNotWaitedForWhenTheDeadlinePassesOrTheFlagIsRaised() throws {
        let full = FullListener()
        let address = try #require(HostLookup.numeric("127.0.0.1", port: UInt16(full.port)))
        let (first, second, stop) = (address.socket(), address.socket(), StopFlag())
        defer { for descriptor in [first, second] { close(descriptor) } }
        #expect(address.connect(first, until: .after(.milliseconds(5)), stop: stop) == ETIMEDOUT)
        stop.raise()
        #expect(address.connect(second, until: .never, stop: stop) == EINTR)
    }

    @Test func aNameIsLookedUpOnAThreadOfItsOwn() throws {
        let found = try HostLookup.addresses(of: "localhost", port: 80, until: .after(.seconds(10)), stop: StopFlag())
        #expect(!found.isEmpty && found.allSatisfy { $0.port == 80 })
        let stop = StopFlag()
        stop.raise()
        let error = #expect(throws: TransportError.self) {
            try HostLookup.addresses(of: "host.invalid", port: 80, until: .never, stop: stop)
        }
        #expect(error?.code == .tryAgain)
    }
}
