import Foundation
import MQTesting
import Testing

extension MessageContract {
    /// Every example of docs/bridges.md, in its order, with brokers of its own.
    @Suite("The page about bridges is right", .timeLimit(.minutes(2)))
    struct BridgePageTests {
        @Test("Each example runs")
        func examples() throws {
            let page = try String(contentsOfFile: "\(Executable.packageRoot)/docs/bridges.md", encoding: .utf8)
            let blocks = page.split(separator: "```sh\n").dropFirst().map { String($0.split(separator: "```")[0]) }
            #expect(blocks.count >= 6)
            let name = UniqueName.make()
            defer {
                for queue in ["in", "small"] { _ = try? mq().run("delete", "posix-mq:/\(name)-\(queue)", "--if-exists") }
            }
            var words: [String: String] = [:]
            for (index, block) in blocks.enumerated() { words["BLOCK\(index)"] = block.replacing("posix-mq:/", with: "posix-mq:/\(name)-") }
            let script = """
                set -e; cd $D
                for queue in orders orders-dead dead.fifo jobs.fifo; do mq create sqs:$queue; done
                for number in {0..\(blocks.count - 1)}; do
                    block=BLOCK$number
                    bash -ec "${!block}" 2>error || grep -q "no further message" error || { cat error >&2; exit 9; }
                done
                for depth in out=3 names=2 kept=2; do mq wait nsq:${depth%=*} --for depth=${depth#*=} --timeout 1s; done
                count() { mq stat nsq:$1 --json | sed 's/.*"messages":\\([0-9]*\\).*/\\1/'; }
                [ $(($(count left) + $(count right))) = 12 ]
                mq expect sqs:jobs.fifo --eq job --no-more 50ms
                mq recv sqs:orders-dead --drain | grep -q "too long for it"
                """
            expectSuccess(try sh(with: "mock:sqs mock:nsq", script, words))
        }
    }
}
