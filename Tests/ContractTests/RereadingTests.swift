import Foundation
import MQTesting
import Testing

extension MessageContract {
    @Suite("SIGHUP, allow-keys and plain-users", .timeLimit(.minutes(1)))
    struct RereadingTests {
        /// Each answers whoever is let in with `hello`, by `ask KEY`, and is `$!`.
        private static let servers = [
            "serve": """
            mq serve zmq:@ipc://front$options --reply hello 2> log & server=$!
            ask() { mq request zmq:ipc://front,server-key=server,secret-key=$1 --timeout ${2:-20s} x 2> asked; }
            """,
            "recv": """
            mq recv zmq:@ipc://front$options > /dev/null 2> log & server=$!
            ask() { mq send zmq:ipc://front,server-key=server,secret-key=$1 --timeout ${2:-20s} x 2> asked && echo hello; }
            """,
            "proxy": """
            mq proxy zmq:router:@ipc://front$options zmq:@ipc://back 2> log & server=$!
            mq serve zmq:ipc://back --reply hello 2> /dev/null & worker=$!
            ask() { mq request zmq:ipc://front,server-key=server,secret-key=$1 --timeout ${2:-20s} x 2> asked; }
            """,
        ]
        private static let head = """
            cd "$D"; mkdir friends
            options=,curve-server,secret-key=server_secret,allow-keys=friends
            for name in server friends/ann friends/bob; do mq keygen $name > /dev/null || exit 11; done
            said() { for i in $(seq 1000); do grep -q "$1" log && return; sleep 0.01; done; echo "not said: $1"; cat log; exit 12; }

            """

        @Test("What the file of allow-keys holds now decides about new connections", arguments: servers.keys.sorted())
        func rereading(verb: String) throws {
            let result = try sh(
                Self.head + Self.servers[verb]! + """

                    said listening
                    ask friends/ann_secret
                    mv friends/ann away
                    kill -HUP $server; said 'allow-keys read again: 1 key, 0 added, 1 removed'
                    ask friends/ann_secret 200ms; echo $?
                    ask friends/bob_secret
                    mv away friends/ann
                    kill -HUP $server; said 'allow-keys read again: 2 keys, 1 added, 0 removed'
                    ask friends/ann_secret
                    mv friends gone
                    kill -HUP $server; said 'the keys read before still hold'
                    ask gone/ann_secret
                    kill $server $worker; wait $server; echo $?
                    """)
            #expect(result.lines == ["hello", "77", "hello", "hello", "hello", "143"], "\(result.errorText)")
        }

        @Test("A list of keys one of which is damaged changes nothing, and cannot be started with")
        func damaged() throws {
            let result = try sh(
                Self.head + "cat friends/ann friends/bob > list; options=${options%friends}list\n" + Self.servers["serve"]! + """

                    said listening
                    head -c 50 list > cut; cat cut > list
                    kill -HUP $server; said 'list: every line must be a public key.*the keys read before still hold'
                    ask friends/bob_secret
                    kill $server; wait $server; echo $?
                    mq serve zmq:@ipc://front$options --echo 2> log; echo $?
                    """)
            #expect(result.lines == ["hello", "143", "78"], "\(result.errorText)")
        }

        @Test("What the file of plain-users holds now decides about new connections", arguments: ["", ",engine=libzmq"])
        func users(engine: String) throws {
            let result = try sh(
                """
                cd "$D"; umask 077; printf 'ann:one\nbob:two\n' > users; echo ann:one > ann; echo bob:two > bob; echo ann:new > changed
                said() { for i in $(seq 1000); do grep -q "$1" log && return; sleep 0.01; done; echo "not said: $1"; cat log; exit 12; }
                ask() { mq request zmq:ipc://front,plain=$1\(engine) --timeout ${2:-20s} x 2> asked; }
                mq serve zmq:@ipc://front,plain-users=users\(engine) --reply hello 2> log & server=$!
                said listening
                ask ann; ask bob
                printf 'ann:new\n' > users
                kill -HUP $server; said 'plain-users read again: 1 user, 0 added, 1 removed, 1 with another password'
                ask ann 200ms; echo $?
                ask bob 200ms; echo $?
                ask changed
                rm users
                kill -HUP $server; said 'the users read before still hold'
                ask changed
                kill $server; wait $server; echo $?
                """)
            #expect(result.lines == ["hello", "hello", "77", "77", "hello", "hello", "143"], "\(result.errorText)")
        }

        @Test("Without allow-keys it ends the program, unless that was started to ignore it", arguments: ["serve", "recv", "proxy"])
        func hangup(verb: String) throws {
            let rest = ["serve": ["--echo"], "recv": [], "proxy": ["zmq:@ipc://b"]][verb]!.joined(separator: " ")
            let result = try sh(
                """
                cd "$D"
                mq \(verb) zmq:\(verb == "proxy" ? "pull:" : "")@ipc://a \(rest) --ready-fd 3 3> ready 2> /dev/null & server=$!
                until [ -s ready ]; do sleep 0.01; done
                kill -HUP $server; wait $server; echo $?
                rm ready
                (trap '' HUP; exec mq \(verb) zmq:\(verb == "proxy" ? "pull:" : "")@ipc://a \(rest) --ready-fd 3 3> ready 2> /dev/null) & server=$!
                until [ -s ready ]; do sleep 0.01; done
                kill -HUP $server; kill -TERM $server; wait $server; echo $?
                """)
            #expect(result.lines == ["129", "143"], "\(result.errorText)")
        }
    }
}
