import Glibc
import MQStandIns
import MQTesting
import Testing

extension ProgramContract {
    /// Numbered jobs of which some are refused for good: each is done once, or is a dead letter once. MQ_TEST_RELIABILITY=100000 makes
    /// them so many, and one in a thousand refused.
    @Suite("What is refused for good becomes a dead letter, once", .timeLimit(.minutes(20)))
    struct RefusalReliabilityTests {
        private static let total = getenv("MQ_TEST_RELIABILITY").flatMap { Int(String(cString: $0)) } ?? 300
        private let fixture = Fixture()

        private struct Account {
            let count: Int
            let every: Int

            /// - Parameter most: what is too many for the kind of queue or work.
            init(most: Int) {
                count = min(total, most)
                every = count >= 10_000 ? 1000 : 25
            }

            var refused: [Int] { Array(stride(from: every, through: count, by: every)) }
            var done: [Int] { (1...count).filter { $0 % every != 0 } }
        }

        private func run(
            _ words: [String], _ account: Account, done: () throws -> [Int], from: ContractSubject.Queue, dead: ContractSubject.Queue,
            command: [String] = []
        ) throws {
            let result = try mq().run(
                words + ["--drain", "--dead-letter", dead.send] + (command.isEmpty ? [] : ["--"] + command), timeout: .seconds(900))
            #expect(result.status == 0, "\(result.errorText)")
            let done = try done().sorted()
            // Compared first: a hundred thousand numbers are not to be printed.
            let isDoneOnce = done == account.done
            #expect(isDoneOnce, "\(Set(account.done).symmetricDifference(done).sorted().prefix(10)), \(done.count) times")
            let letters = try mq().run(["recv", dead.recv, "--drain", "-J"], timeout: .seconds(100)).lines
            let numbers = try letters.map { try number(jsonBodies($0).first ?? []) }
            let areDead = numbers.sorted() == account.refused
            #expect(areDead, "\(numbers.prefix(10)), \(numbers.count) letters")
            // Queues of NSQ carry no reasons.
            if dead.send.hasPrefix("sqs") { #expect(letters.allSatisfy { $0.contains("mq-reason") }, "\(letters.first ?? "none")") }
            #expect(try mq().run("recv", from.recv, "--drain").lines == [])
        }

        private func number(_ body: [UInt8]) -> Int { Int(String(decoding: body.prefix { $0 != 0x20 }, as: UTF8.self)) ?? 0 }

        @Test("By a worker that answers 400", arguments: [ContractSubject.nsq, .sqs])
        func posted(subject: ContractSubject) throws {
            let (account, server) = (Account(most: subject.transport == "sqs" ? 2000 : 20_000), try PythonWorker.shared())
            try subject.withQueues { queue, dead in
                expectSuccess(try mq().run(["send", queue.send], input: .bytes(numberedLines(account.count)), timeout: .seconds(100)))
                let path = "/refuse/\(account.every)/\(UniqueName.make())"
                let answered = {
                    let all = try server.requests(path).map { number($0.body) }
                    #expect(all.filter { $0 % account.every == 0 }.sorted() == account.refused)
                    return all.filter { $0 % account.every != 0 }
                }
                try run(["post", queue.recv, server.url(path), "-j", "4", "-q"], account, done: answered, from: queue, dead: dead)
            }
        }

        @Test("By a command that rejects it", arguments: [ContractSubject.nsq, .sqs])
        func worked(subject: ContractSubject) throws {
            let (account, file) = (Account(most: subject.transport == "sqs" ? 2000 : .max), "\(try fixture.directory())/done")
            let worker = "while read n; do if [ $((n % $1)) = 0 ]; then echo reject no thanks; else echo $n >> $0; echo ok; fi; done"
            try subject.withQueues { queue, dead in
                expectSuccess(try mq().run(["send", queue.send], input: .bytes(numberedLines(account.count)), timeout: .seconds(100)))
                let done = { String(decoding: try contents(file), as: UTF8.self).split(separator: "\n").compactMap { Int($0) } }
                try run(
                    ["exec", queue.recv, "-j", "3", "-q", "--coprocess"], account, done: done, from: queue, dead: dead,
                    command: ["sh", "-c", worker, file, "\(account.every)"])
            }
        }

        @Test(
            "By a queue that does not take messages of their size",
            arguments: [(ContractSubject.nsq, ContractSubject.sqs), (.sqs, .nsq)])
        func bridged(from: ContractSubject, to: ContractSubject) throws {
            let account = Account(most: from.transport == "sqs" ? 2000 : .max)
            try from.withQueues(.large) { queue, dead in
                try to.withQueue { destination in
                    let padding = " " + String(repeating: "x", count: to.smallLimit ?? 0)
                    let jobs = (1...account.count).map { $0 % account.every == 0 ? "\($0)\(padding)\n" : "\($0)\n" }
                    expectSuccess(try mq().run(["send", queue.send], input: .text(jobs.joined()), timeout: .seconds(100)))
                    let arrived = {
                        let result = try mq().run(["recv", destination.recv, "--drain"], timeout: .seconds(300))
                        expectSuccess(result)
                        return result.lines.compactMap { Int($0) }
                    }
                    try run(["bridge", queue.recv, destination.send, "-q"], account, done: arrived, from: queue, dead: dead)
                }
            }
        }
    }
}
