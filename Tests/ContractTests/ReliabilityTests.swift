import Glibc
import MQStandIns
import MQTesting
import Testing

extension MessageContract {
    /// Numbered messages through everything that can break. MQ_TEST_RELIABILITY=1000000 makes them a million.
    ///
    /// nsqd itself loses what is in its memory when it is killed: queues with -mem-queue-size above 0, and what is in flight
    /// to consumers. So it keeps nothing in memory here, and is killed while messages go in and nobody consumes; while somebody
    /// does, it is stopped as an administrator does.
    @Suite("Nothing is lost between nsqd and mq", .enabled(if: NSQDaemon.isAvailable, "nsqd is not on PATH"), .timeLimit(.minutes(10)))
    struct ReliabilityTests {
        private let total = getenv("MQ_TEST_RELIABILITY").flatMap { Int(String(cString: $0)) } ?? 30_000
        private let fixture = Fixture()
        private let topic = UniqueName.make()

        private func address(_ daemon: NSQDaemon, through port: Int) -> String {
            "nsq://127.0.0.1:\(port)/\(topic)/c,http-port=\(daemon.httpPort)"
        }

        @Test("Numbered messages through killed daemons, killed receivers and cut connections")
        func everything() throws {
            let seed = getenv("MQ_FUZZ_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64(getpid())
            print("MQ_FUZZ_SEED=\(seed)")
            var random = SeededGenerator(seed: seed)
            let daemon = try NSQDaemon(arguments: ["-mem-queue-size=0", "-sync-timeout=50ms"])
            expectSuccess(try mq().run("create", "nsq://127.0.0.1:\(daemon.tcpPort)/\(topic),http-port=\(daemon.httpPort)"))
            let folder = try fixture.directory()
            let sending = try send(to: daemon, from: "\(folder)/in", &random)
            let receiving = try receive(from: daemon, into: folder, &random)
            let lines = receiving.lines
            var seen = [UInt8](repeating: 0, count: total + 1)
            for line in lines {
                let number = try #require(Int(line), "no number: \(line)")
                seen[number] = min(seen[number] + 1, 255)
            }
            let missing = (1...total).filter { seen[$0] == 0 }
            print(
                "\(total) messages; nsqd killed \(sending.kills) times, \(sending.cuts) and \(receiving.cuts) connections cut, "
                    + "\(receiving.kills) receivers killed: \(sending.resent) sent again, "
                    + "\(missing.count) lost, \(lines.count - (total - missing.count)) duplicates")
            #expect(missing.isEmpty, "lost: \(missing.prefix(20))")
            #expect(sending.kills > 0 && receiving.kills > 0 && receiving.cuts > 0)
        }

        @Test("A drain outlasts an nsqd that is stopped for a while, and ends with everything")
        func drainOfAStoppedDaemon() throws {
            let daemon = try NSQDaemon()
            let queue = address(daemon, through: daemon.tcpPort)
            expectSuccess(try mq().run("create", queue))
            expectSuccess(try mq().run("send", queue, input: .bytes(numberedLines(total))))
            let receiver = try mq().start(["recv", queue, "--drain"])
            try receiver.waitForLines(min(1000, total / 4))
            daemon.pause()
            // More than the silence that a drain once took for the end.
            usleep(1_200_000)
            daemon.resume()
            let result = try receiver.wait(timeout: .seconds(300))
            #expect(result.status == 0, "\(result.errorText)")
            #expect(result.lines.count == total && Set(result.lines).count == total, "\(result.lines.count) of \(total)")
        }

        /// The limit of a file's size stands for the disk: nsqd hears EFBIG instead of ENOSPC, and says so in the same way.
        @Test("A disk without room is waited for, and nothing is lost once there is some")
        func fullDisk() throws {
            let daemon = try NSQDaemon(arguments: ["-mem-queue-size=0"])
            let queue = address(daemon, through: daemon.tcpPort)
            expectSuccess(try mq().run("create", queue))
            let process = try #require(daemon.process)
            try limitFiles(of: process, to: "65536")
            let sender = try mq().start(["send", queue, "--retry", "60s"], input: .bytes(numberedLines(total)))
            try sender.waitForError("file too large")
            #expect(sender.isRunning)
            try limitFiles(of: process, to: "unlimited")
            expectSuccess(try sender.wait(timeout: .seconds(120)))
            let lines = try mq().run("recv", queue, "--drain", timeout: .seconds(300)).lines
            #expect(Set(lines) == Set((1...total).map { "\($0)" }), "\(Set(lines).count) of \(total)")
        }

        private func limitFiles(of process: Int32, to bytes: String) throws {
            let result = try Executable("/bin/sh").run(["-c", "exec prlimit --fsize=\(bytes):unlimited --pid \(process)"])
            try #require(result.status == 0, "\(result.errorText)")
        }

        private func send(to daemon: NSQDaemon, from file: String, _ random: inout SeededGenerator) throws -> (
            kills: Int, cuts: Int, resent: String
        ) {
            try write(numberedLines(total), file)
            let proxy = try LoopbackProxy(to: daemon.tcpPort)
            defer { proxy.stop() }
            let sender = try mq().start(
                [
                    "send", address(daemon, through: proxy.port), "--retry", "60s", "--timeout", "60s", "--rate",
                    "\(max(15_000, total / 10))",
                ],
                input: .file(file))
            // nsqd finds what it has by positions that it notes when it syncs. Without one since its start, the next start
            // overwrites what was confirmed since then.
            let positions = "\(daemon.dataPath)/\(topic).diskqueue.meta.dat"
            var (kills, noted) = (0, try? contents(positions))
            while true {
                usleep(UInt32.random(in: 50_000...600_000, using: &random))
                if !sender.isRunning { break }
                if Bool.random(using: &random), let now = try? contents(positions), now != noted {
                    daemon.kill()
                    noted = try? contents(positions)
                    usleep(UInt32.random(in: 0...200_000, using: &random))
                    try daemon.start()
                    kills += 1
                } else {
                    proxy.cut(withReset: Bool.random(using: &random))
                }
            }
            let result = try sender.wait()
            #expect(result.status == 0, "\(result.errorText)")
            let resent = result.errorText.firstMatch(of: /([0-9,]+) messages were sent again/).map { String($0.1) } ?? "0"
            return (kills, proxy.cutCount, resent)
        }

        private func receive(
            from daemon: NSQDaemon, into folder: String, _ random: inout SeededGenerator
        ) throws -> (kills: Int, cuts: Int, lines: [Substring]) {
            let proxy = try LoopbackProxy(to: daemon.tcpPort)
            defer { proxy.stop() }
            let from = "\(address(daemon, through: proxy.port)),msg-timeout=1s"
            let command = #"exec "$0" recv "$1" --retry 60s --timeout 4s > "$2""#
            let kills = 8
            var restarts = 0
            var lines: [Substring] = []
            for round in 0...kills {
                let file = "\(folder)/\(round)"
                let receiver = try Executable("/bin/bash").start(["-c", command, try mq().path, from, file])
                let limit = ContinuousClock.now + .microseconds(Int.random(in: 10_000...60_000 + total / 2, using: &random))
                while receiver.isRunning && (round == kills || ContinuousClock.now < limit) {
                    usleep(UInt32.random(in: 5_000...200_000, using: &random))
                    if round == kills && restarts == 0 {
                        daemon.stop()
                        try daemon.start()
                        restarts += 1
                    }
                    if Int.random(in: 0..<3, using: &random) == 0 { proxy.cut(withReset: Bool.random(using: &random)) }
                }
                receiver.send(signal: SIGKILL)
                let result = try receiver.wait()
                if round == kills { #expect(result.status == 1 && result.errorText.contains("no further message"), "\(result.errorText)") }
                // What stands behind the last newline was cut off by the kill, before it was settled.
                let text = String(decoding: try contents(file), as: UTF8.self)
                lines += text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            }
            return (kills, proxy.cutCount, lines)
        }
    }
}
