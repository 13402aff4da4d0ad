import Foundation
import MQStandIns
import MQTesting
import Testing

extension MessageContract {
    /// Whole programs in trouble, whichever engine is at either end. The receiver stays until its sender has gone: one of libzmq's that
    /// leaves with a receipt unanswered may have lost what it took, and the sender has to say so.
    @Suite("zmq in trouble", .timeLimit(.minutes(2)))
    struct ZMQStressTests {
        private static let pairs = [("native", "native"), ("native", "libzmq"), ("libzmq", "native")]

        @Test("A sender that ends while the receiver's output is blocked loses nothing", arguments: pairs)
        func blockedOutput(engines: (String, String)) throws {
            let script = """
                mq recv "zmq:@tcp://127.0.0.1:$P,engine=\(engines.1)" --until-closed | (sleep 0.7; cat) > "$D/out" & r=$!
                seq 300000 | mq send "zmq:tcp://127.0.0.1:$P,engine=\(engines.0)" --timeout 20s || echo "status $?"
                wait $r; seq 300000 | cmp - "$D/out" && echo same
                """
            let result = try sh(script, ["P": "\(try LoopbackSocket.freePort())"])
            #expect(result.lines == ["same"], "\(result.errorText)")
        }

        @Test("Heartbeats are answered while the output is blocked and nothing is to be read", arguments: pairs)
        func heartbeats(engines: (String, String)) throws {
            let script = """
                mq recv "zmq:@tcp://127.0.0.1:$P,engine=\(engines.1)" --until-closed | (sleep 1.2; cat) > "$D/out" & r=$!
                (echo 1; sleep 1.5; echo end) | mq send "zmq:tcp://127.0.0.1:$P,engine=\(engines.0),heartbeat=200ms,heartbeat-timeout=600ms" -v
                wait $r; cat "$D/out"
                """
            let result = try sh(script, ["P": "\(try LoopbackSocket.freePort())"])
            #expect(result.lines == ["1", "end"])
            #expect(result.errorText.components(separatedBy: "connected with a peer").count == 2, "\(result.errorText)")
        }

        @Test("A storm of signals costs no message", arguments: pairs)
        func storm(engines: (String, String)) throws {
            let script = """
                mq recv "zmq:@tcp://127.0.0.1:$P,engine=\(engines.1)" --until-closed > "$D/out" 2> "$D/said" & r=$!
                seq 200000 | mq send "zmq:tcp://127.0.0.1:$P,engine=\(engines.0)" --rate 300000 2>> "$D/said" & s=$!
                until grep -q listening "$D/said"; do sleep 0.01; done
                while kill -WINCH $r 2> /dev/null; do kill -CONT $r $s; kill -URG $r $s; kill -USR1 $r; done 2> /dev/null
                wait $s && wait $r && seq 200000 | cmp - "$D/out" && echo same
                """
            let result = try sh(script, ["P": "\(try LoopbackSocket.freePort())"])
            #expect(result.lines == ["same"], "\(result.errorText)")
        }
    }
}
