import Foundation
import MQStandIns
import MQTesting
import Testing

/// Whether this user may make namespaces here; containers often forbid it.
private let hasNamespaces = (try? Executable("/bin/sh").run("-c", "unshare -Ur --ipc true && command -v nsenter").status) == 0

extension MessageContract {
    @Suite("The uses it was made for", .serialized, .timeLimit(.minutes(1)))
    struct SeedTests {
        @Test("PUSH and PULL over ipc with a send high-water mark, the sender first, a clean stop of both", arguments: [SIGINT, SIGTERM])
        func pushPull(signal: Int32) throws {
            try ContractSubject.zmqIPC.withQueue { queue in
                let endpoint = queue.send.dropFirst("zmq:".count)
                let sender = try mq().start(["send", "zmq:push:\(endpoint),send-hwm=100"], input: .open)
                sender.write(numberedLines(20_000))
                usleep(200_000)
                #expect(sender.isRunning, "\(sender.errorText)")
                let receiver = try startOpen(["recv", "zmq:pull:@\(endpoint)"])
                let feeding = Background { [sender = Handed(sender)] in
                    sender.value.endInput()
                    return try sender.value.wait(timeout: .seconds(30)).status
                }
                try receiver.waitForLines(20_000)
                #expect(try feeding.join() == 0)
                receiver.send(signal: signal)
                let result = try receiver.wait()
                #expect(result.ending == .signalled(signal))
                #expect(result.output == numberedLines(20_000))
                #expect(access(String(endpoint.dropFirst("ipc://".count)), F_OK) != 0, "the socket's file is left behind")
            }
        }

        @Test("Nothing of the end is lost against a receiver that reads slowly", arguments: ContractSubject.all.filter { !$0.holds })
        func slowReader(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let script = """
                    mq recv "$R" --until-closed | { sleep 0.3; while IFS= read -r line; do echo "$line"; done } > "$D/out" & seq 20000 | mq send "$S" || exit 9
                    wait; seq 20000 | cmp - "$D/out"
                    """
                expectSuccess(try sh(script, ["S": queue.send, "R": queue.recv]))
            }
        }

        @Test(
            "A sender is done when its receiver has taken the last message and gone, at whatever moment",
            arguments: ContractSubject.all.filter { !$0.holds })
        func receiverGoesFirst(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let receiver = try startOpen(["recv", queue.recv, "-n", "2"])
                let sender = try mq().start(["send", queue.send, "--timeout", "3s"], input: .open)
                try sender.give("a\nb\n")
                #expect(try receiver.wait().lines == ["a", "b"])
                usleep(200_000)
                let result = try sender.wait()
                #expect(result.status == 0, "\(result.errorText)")
            }
        }

        @Test(
            "A queue of another IPC namespace is shared by two processes in it",
            .enabled(if: hasNamespaces, "unshare -Ur --ipc is not permitted here"))
        func namespace() throws {
            let script = """
                unshare -Ur --ipc sleep 20 & outer=$!; sleep 0.3
                inside() { nsenter -t $outer -U --preserve-credentials --ipc "$@"; }
                inside mq create posix-mq:/pod,maxmsg=4,msgsize=100 || exit 9
                inside mq recv posix-mq:/pod -n 1000 > "$D/out" & seq 1000 | inside mq send posix-mq:/pod || exit 8
                wait $! || exit 7; seq 1000 | cmp - "$D/out" || exit 6
                mq stat posix-mq:/pod; echo $?; inside mq stat posix-mq:/pod --json; kill $outer
                """
            let result = try sh(script)
            #expect(result.lines.first == "66" && result.errorText.contains("no such queue"), "\(result.errorText)")
            #expect(result.text.contains(#""address":"posix-mq:/pod""#), "\(result.text)")
        }
    }
}

private struct Handed: @unchecked Sendable {
    let value: RunningProgram
    init(_ value: RunningProgram) { self.value = value }
}
