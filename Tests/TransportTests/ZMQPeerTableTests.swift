import CZMQ
import MQCore
import Testing

@testable import TransportZMQ

@Suite("ZMQ peers")
struct ZMQPeerTableTests {
    private func event(_ number: CInt, _ value: CInt = 0) -> MonitorEvent {
        MonitorEvent(number: number, value: value, endpoint: "tcp://x:1")
    }

    private func warns(_ notice: Notice?) -> Bool {
        if case .connection(let event)? = notice { event.isWarning } else { false }
    }

    @Test func handshakeMakesAPeerAndDisconnectEndsIt() {
        var peers = PeerTable(type: .pull)
        _ = peers.received(event(ZMQ_EVENT_ACCEPTED, 9))
        #expect(peers.established == 0)
        _ = peers.received(event(ZMQ_EVENT_HANDSHAKE_SUCCEEDED))
        #expect(peers.established == 1)
        _ = peers.received(event(ZMQ_EVENT_DISCONNECTED, 9))
        #expect(peers.established == 0)
        #expect(peers.handshakes == 1)
        #expect(peers.departures == 1)
    }

    @Test func peerOfTheWrongTypeIsOneWarning() {
        var peers = PeerTable(type: .push)
        _ = peers.received(event(ZMQ_EVENT_CONNECTED, 9))
        guard case .connection(let event) = peers.received(event(ZMQ_EVENT_DISCONNECTED, 9)), event.isWarning else {
            Issue.record("no warning")
            return
        }
        #expect(event.sentence == "the peer at tcp://x:1 is not a PULL socket")
        #expect(event.kind == .failed && event.endpoint == "tcp://x:1")
        _ = peers.received(self.event(ZMQ_EVENT_CONNECTED, 10))
        if warns(peers.received(self.event(ZMQ_EVENT_DISCONNECTED, 10))) { Issue.record("warned twice") }
    }

    @Test func failedHandshakeOfOneDoesNotTakeAnothersPlace() {
        var peers = PeerTable(type: .pull)
        _ = peers.received(event(ZMQ_EVENT_ACCEPTED, 7))  // silent
        _ = peers.received(event(ZMQ_EVENT_ACCEPTED, 8))
        _ = peers.received(event(ZMQ_EVENT_HANDSHAKE_SUCCEEDED))  // of 8
        _ = peers.received(event(ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, 32))
        _ = peers.received(event(ZMQ_EVENT_DISCONNECTED, 7))
        #expect(peers.established == 1)
        #expect(peers.connections.map(\.descriptor) == [8])
    }

    @Test func visitorAtABoundEndpointIsNoWarning() {
        var peers = PeerTable(type: .pull)
        _ = peers.received(event(ZMQ_EVENT_ACCEPTED, 7))
        if warns(peers.received(event(ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, 104))) { Issue.record("warned") }
        #expect(peers.received(event(ZMQ_EVENT_DISCONNECTED, 7)) == nil)
    }
}
