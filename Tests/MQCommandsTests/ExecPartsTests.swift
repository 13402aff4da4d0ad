import Foundation
import Glibc
import MQCore
import MQTesting
import Testing

@testable import MQCommands

/// The small parts of `mq exec`, without a queue.
@Suite(.ownThread, .timeLimit(.minutes(1)))
struct ExecPartsTests {
    private let fixture = Fixture()

    @Test(arguments: [
        ("posix-mq:/jobs", "jobs"), ("posix-mq:jobs", "jobs"), ("sysv:0x4d51", "0x4d51"), ("nsq:orders/bill", "orders/bill"),
        ("nsq://127.0.0.1:4150/orders/bill,tls", "orders/bill"), ("sqs:jobs", "jobs"),
        ("sqs:arn:aws:sqs:eu-west-1:123456789012:jobs.fifo", "jobs.fifo"),
        ("https://sqs.eu-west-1.amazonaws.com/123456789012/jobs", "jobs"),
        ("mem:a", "a"),
    ])
    func theQueueHasAName(address: String, name: String) throws {
        #expect(try ResolvedAddress(address, options: []).address.queueName == name)
    }

    @Test func aLineOfTheJobLogHasItsNineFields() {
        var entry = JobLog.Entry(number: 7, started: 1_700_000_000_123_000_000, ran: 1_500_000_000, verdict: "retry")
        #expect(entry.line == "7\t-\t-\t1700000000.123\t-\t1.500\t-\t-\tretry\n")
        (entry.ids, entry.attempt, entry.waited, entry.exit) = (["a\tb", "c\nd"], 2, 250_000_000, .signal(9))
        #expect(entry.line == "7\ta\\x09b,c\\x0ad\t2\t1700000000.123\t0.250\t1.500\t-\tKILL\tretry\n")
        entry.exit = .status(3)
        #expect(entry.line.split(separator: "\t").map(String.init)[6...] == ["3", "-", "retry\n"])
        #expect(JobLog.header.split(separator: "\t").count == 9)
    }

    @Test func aJobLogGoesOnBehindWhatIsThere() throws {
        let path = try fixture.directory() + "/log"
        let entry = JobLog.Entry(number: 1, started: 0, ran: 0, verdict: "ok")
        for _ in 0..<2 { try JobLog(path, console: quiet).write(entry) }
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 3 && lines[0].hasPrefix("number\tid") && lines[1] == lines[2])
        #expect(throws: TransportError.self) { try JobLog("/nonexistent/log", console: quiet) }
    }

    @Test func commandsAreFoundAsAShellFindsThem() throws {
        #expect(try CommandPath.find("/bin/sh") == "/bin/sh")
        #expect(try CommandPath.find("sh").hasSuffix("/sh"))
        for (word, text) in [
            ("", "empty"), ("mq-no-such-command", "there is no command"), ("/etc/passwd", "permission denied"), ("/tmp", "folder"),
            ("/nonexistent/x", "no such file"),
        ] {
            let error = #expect(throws: TransportError.self) { try CommandPath.find(word) }
            #expect(error?.code == .usage && error?.message.contains(text) == true, "\(word): \(error?.message ?? "")")
        }
    }

    @Test func aNarrowSystemRunsFewerCommands() {
        var shortage = Shortage()
        #expect(shortage.width(8) == 8 && shortage.due.hasPassed)
        let goesOn = shortage.met(EMFILE, running: 3)
        #expect(goesOn)
        #expect(shortage.width(8) == 3 && !shortage.due.hasPassed)
        shortage.isOver()
        #expect(shortage.due.hasPassed && shortage.width(8) == 3)
        for number in [EAGAIN, EMFILE, ENFILE, ENOMEM] { #expect(Shortage.isCause(number)) }
        for number in [nil, ENOENT, EACCES] as [CInt?] { #expect(!Shortage.isCause(number)) }
    }

    /// What fits is on its way before the command begins; the rest follows as it reads.
    @Test(arguments: [1, 65536, 300_000], [false, true])
    func aFeedWaitsForNobody(size: Int, isKept: Bool) throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try bytes.withUnsafeBytes { source in
            let feed = try Feed(source, isKept: isKept)
            #expect(feed.isDone == (size <= 65536))
            var (got, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 5000))
            while case let count = Glibc.read(feed.source, &buffer, buffer.count), count > 0 {
                got += buffer[..<count]
                feed.write()
            }
            #expect(got == bytes)
        }
    }

    @Test func aFeedThatNobodyReadsIsDone() throws {
        signal(SIGPIPE, SIG_IGN)
        let bytes = [UInt8](repeating: 1, count: 200_000)
        try bytes.withUnsafeBytes { source in
            let feed = try Feed(source, isKept: true)
            #expect(!feed.isDone)
            feed.handOver()
            feed.write()
            #expect(feed.isDone)
        }
    }

    /// A stream whose reader is behind is full, and neither blocks nor loses a byte.
    @Test func aReaderThatIsBehindIsNotWaitedFor() throws {
        let pipe = Pipe()
        let stream = SharedStream(pipe.ends[1])
        let line = [UInt8](repeating: 120, count: 99) + [10]
        for _ in 0..<3000 {
            stream.add { $0 += line }
            stream.flush()
        }
        #expect(stream.isFull && stream.hasPending)
        var (count, buffer) = (0, [UInt8](repeating: 0, count: 65536))
        while count < 300_000 {
            count += read(pipe.ends[0], &buffer, buffer.count)
            stream.flush()
        }
        #expect(count == 300_000 && !stream.hasPending && !stream.isFull)
        pipe.closeReader()
        // A child that another test starts at this moment has a copy of that end until it runs its program.
        #expect(
            eventually {
                stream.add { $0 += line }
                stream.flush()
                return stream.failure == EPIPE
            })
        #expect(!stream.hasPending)
    }
}
