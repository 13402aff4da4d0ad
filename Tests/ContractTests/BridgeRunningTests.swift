import Glibc
import MQStandIns
import MQTesting
import Testing

extension MessageContract {
    /// `mq bridge` over time: what fails comes again or is given up, what is asked of it while it runs, and how it ends.
    @Suite("A bridge runs like every verb that works", .timeLimit(.minutes(2)))
    struct BridgeRunningTests {
        /// A command in between that ends at some messages.
        private static let choosy = "while read -r l; do case $l in bad*) exit 1;; esac; echo $l; done"

        @Test("What the source cannot take back is held, tried again, and given up after --max-attempts")
        func held() throws {
            try ContractSubject.posixMQ.withQueue { source in
                try ContractSubject.nsq.withQueues { destination, dead in
                    expectSuccess(try mq().run("send", source.send, "a", "bad", "b"))
                    let result = try mq().run(
                        "bridge", source.recv, destination.send, "--drain", "--backoff", "10ms:20ms", "--max-attempts", "2",
                        "--dead-letter",
                        dead.send, "--filter", "-F", "lines", "--", "sh", "-c", Self.choosy)
                    expectSuccess(result)
                    let line = "2 forwarded, 0 pending, 0 unconfirmed, 0 filtered, 1 retried, 0 rejected, 1 dead-lettered, 0 returned"
                    #expect(result.errorText.contains(line), "\(result.errorText)")
                    #expect(try mq().run("recv", destination.recv, "-n", "2").lines.sorted() == ["a", "b"])
                    #expect(try mq().run("recv", dead.recv, "-n", "1").lines == ["bad"])
                }
            }
        }

        @Test("SIGTERM puts back what a command does not answer once --grace is over", arguments: [ContractSubject.posixMQ, .sysV, .nsq])
        func putBack(subject: ContractSubject) throws {
            try subject.withQueue { source in
                try ContractSubject.nsq.withQueue { destination in
                    expectSuccess(try mq().run("send", source.send, "1", "2", "3"))
                    let bridge = try mq().start([
                        "bridge", source.recv, destination.send, "--grace", "100ms", "--filter", "-F", "lines", "--", "sh", "-c",
                        "read x; echo taken >&2; exec sleep 60",
                    ])
                    try bridge.waitForError("taken")
                    bridge.send(signal: SIGTERM)
                    let result = try bridge.wait(timeout: .seconds(5))
                    #expect(result.ending == .signalled(SIGTERM) && !result.errorText.contains(" 0 returned"), "\(result.errorText)")
                    #expect(try mq().run("recv", source.recv, "-n", "3").lines.sorted() == ["1", "2", "3"])
                }
            }
        }

        @Test("It is asked over HTTP, pauses and goes on, and SIGUSR1 prints all of its counters")
        func asked() throws {
            try ContractSubject.nsq.withQueues { source, destination in
                let port = try LoopbackSocket.freePort()
                let bridge = try mq().start(["bridge", source.recv, destination.send, "--status-addr", "127.0.0.1:\(port)"])
                try bridge.waitForError("status at")
                func forwarded() throws -> Int? {
                    try jsonObject(LoopbackHTTP.request("GET", "/", port: port).text)["forwarded"] as? Int
                }
                expectSuccess(try mq().run("send", source.send, "1", "2", "3"))
                #expect(try eventually { try forwarded() == 3 })
                #expect(try LoopbackHTTP.request("POST", "/pause", port: port).status == 200)
                expectSuccess(try mq().run("send", source.send, "4"))
                let metrics = try LoopbackHTTP.request("GET", "/metrics", port: port).text
                #expect(metrics.contains(/mq_messages_total\{verb="bridge",.*result="forwarded"\} 3\n/), "\(metrics)")
                for name in ["mq_pending", "mq_unconfirmed", "mq_reconnects_total"] { #expect(metrics.contains("\n\(name){"), "\(name)") }
                #expect(try forwarded() == 3)
                #expect(try LoopbackHTTP.request("POST", "/resume", port: port).status == 200)
                #expect(try eventually { try forwarded() == 4 })
                bridge.send(signal: SIGUSR1)
                try bridge.waitForError(
                    "4 forwarded, 0 pending, 0 unconfirmed, 0 filtered, 0 retried, 0 rejected, 0 dead-lettered, 0 returned, 0 leases lost, 0 reconnects in 00:00:0"
                )
                bridge.send(signal: SIGTERM)
                #expect(try bridge.wait().ending == .signalled(SIGTERM))
            }
        }

        @Test("It ends when it was idle, or its time is up", arguments: [["--stop-when-idle", "100ms"], ["--max-time", "300ms~"]])
        func ends(options: [String]) throws {
            try ContractSubject.posixMQ.withQueue { source in
                try ContractSubject.nsq.withQueue { destination in
                    expectSuccess(try mq().run("send", source.send, "1", "2"))
                    let result = try mq().run(["bridge", source.recv, destination.send] + options)
                    expectSuccess(result)
                    #expect(result.errorText.contains("mq: 2 forwarded"), "\(result.errorText)")
                }
            }
        }

        @Test("A rehearsal moves no dead letters either")
        func rehearsal() throws {
            try ContractSubject.sqs.withQueues { source, destination in
                try ContractSubject.sqs.withQueue { dead in
                    expectSuccess(try mq().run("send", source.send, "-H", "mq-hops=9", "a"))
                    let result = try mq().run(
                        "bridge", source.recv + ContractSubject.sqs.impatience, destination.send, "--dry-run", "--drain", "--dead-letter",
                        dead.send)
                    #expect(result.errorText.contains("0 would be forwarded") && result.errorText.contains("1 rejected"))
                    #expect(try mq().run("recv", dead.recv, "--drain").status == 1)
                }
            }
        }
    }
}
