import Glibc
import MQStandIns
import MQTesting
import Testing

extension KeepingContract {
    /// A broker that breaks off in the middle of `send`: what is said to have arrived has, and the printed command does the rest.
    @Suite("A broker that breaks off", .serialized, .timeLimit(.minutes(1)))
    struct BrokenBrokerTests {
        private let fixture = Fixture()
        private static let total = 200_000

        /// Sends until `cut` breaks it off, and resumes behind `mend` with the printed command.
        private func breakOff(
            _ address: String, rate: [String], cut: () throws -> Void, mend: () throws -> Void, depth: (() throws -> Int)?
        ) throws {
            let folder = try fixture.directory()
            try write(numberedLines(Self.total), "\(folder)/in")
            let sender = try startOpen(["send", address] + rate, input: .file("\(folder)/in"))
            try cut()
            let broken = try sender.wait()
            #expect(broken.status == 69, "\(broken.errorText)")
            expectNoRawError(broken.errorText)
            let said = try #require(
                broken.errorText.firstMatch(
                    of: /mq: ([0-9,]+) acknowledged of [0-9,]+ read; the first not acknowledged is record ([0-9]+) \(byte ([0-9]+)\)/),
                "\(broken.errorText)")
            let (acknowledged, next, offset) = (Int(said.1.filter { $0 != "," })!, Int(said.2)!, Int(said.3)!)
            #expect(next == acknowledged + 1)
            #expect(offset == (acknowledged == 0 ? 0 : numberedLines(acknowledged).count), "the byte where record \(next) begins")
            try mend()
            // At most what was under way without an answer: four parcels of a thousand.
            let doubtful = 0...4000
            let before = try depth?()
            if let before { #expect(doubtful.contains(before - acknowledged), "\(acknowledged) acknowledged, \(before) in the topic") }
            let resume = try #require(broken.errorText.firstMatch(of: /resume with: ([^\n]*)/)).1
            expectSuccess(try sh("\(resume)", in: folder))
            let received = try mq().run("recv", address, "--drain").lines
            #expect(Set(received) == Set((1...Self.total).map { "\($0)" }))
            if let before { #expect(received.count == before + Self.total - acknowledged) }
            #expect(doubtful.contains(received.count - Self.total), "\(received.count) of \(Self.total)")
        }

        @Test("A connection that is cut without an answer", arguments: [false, true])
        func cut(withHeartbeats: Bool) throws {
            var settings = NSQStandIn.Settings()
            settings.cutsAfterPublishes = 7
            settings.sendsHeartbeatBeforeReplies = withHeartbeats
            let broker = try NSQStandIn(settings)
            let topic = UniqueName.make()
            try breakOff(
                "nsq://127.0.0.1:\(broker.tcpPort)/\(topic)/c,http-port=\(broker.httpPort)", rate: [], cut: {},
                mend: { broker.change { $0.cutsAfterPublishes = nil } }, depth: { broker.depth(of: topic) ?? 0 })
        }

        @Test("nsqd that is killed", .enabled(if: NSQDaemon.isAvailable, "nsqd is not on PATH"), arguments: [1, 2, 3])
        func kill(round: Int) throws {
            // What nsqd holds in its memory dies with it, so it is to hold nothing there. How much it says to hold in files is
            // what it last noted.
            let daemon = try NSQDaemon(arguments: ["-mem-queue-size=0"])
            let topic = UniqueName.make()
            let address = "nsq://127.0.0.1:\(daemon.tcpPort)/\(topic)/c,http-port=\(daemon.httpPort)"
            try breakOff(
                address, rate: ["--rate", "100000"],
                cut: {
                    usleep(UInt32(round) * 300_000)
                    daemon.kill()
                }, mend: { try daemon.start() }, depth: nil)
        }
    }
}
