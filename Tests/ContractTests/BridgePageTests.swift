import Foundation
import MQStandIns
import MQTesting
import Testing

extension MessageContract {
    /// Every example of docs/bridges.md, in its order, with stand-ins for the brokers.
    @Suite("The page about bridges is right", .timeLimit(.minutes(2)))
    struct BridgePageTests {
        @Test("Each example runs")
        func examples() throws {
            let page = try String(contentsOfFile: "\(Executable.packageRoot)/docs/bridges.md", encoding: .utf8)
            let blocks = page.split(separator: "```sh\n").dropFirst().map { String($0.split(separator: "```")[0]) }
            #expect(blocks.count >= 6)
            let nsq = try NSQStandIn(), sqs = try SQSStandIn(), name = UniqueName.make()
            defer {
                nsq.stop()
                sqs.stop()
                for queue in ["in", "small"] { _ = try? mq().run("delete", "posix-mq:/\(name)-\(queue)", "--if-exists") }
            }
            for queue in ["orders", "orders-dead"] { sqs.createQueue(queue) }
            for queue in ["dead.fifo", "jobs.fifo"] { sqs.createQueue(queue, attributes: ["FifoQueue": "true"]) }
            var words = sqs.environment
            words["MQ_NSQ"] = "127.0.0.1:\(nsq.tcpPort)"
            for block in blocks {
                let script = "set -e\n" + block.replacing("posix-mq:/", with: "posix-mq:/\(name)-")
                let result = try sh(script, words)
                #expect(result.status == 0 || result.errorText.contains("no further message"), "\(block)\(result.errorText)")
            }
            #expect(nsq.depth(of: "out") == 3 && nsq.depth(of: "names") == 2 && nsq.depth(of: "kept") == 2)
            #expect((nsq.depth(of: "left") ?? 0) + (nsq.depth(of: "right") ?? 0) == 12)
            #expect(sqs.bodies(in: "jobs.fifo")?.count == 1 && sqs.bodies(in: "orders-dead")?.contains(utf8("too long for it")) == true)
        }
    }
}
