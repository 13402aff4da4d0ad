import Foundation
import MQTesting
import Testing

extension ProgramContract {
    @Suite("What the README shows", .timeLimit(.minutes(1)))
    struct ReadmeTests {
        private let readme: String

        init() throws { readme = String(decoding: try contents("\(Executable.packageRoot)/README.md"), as: UTF8.self) }

        /// With names that nobody else uses.
        private func own(_ text: some StringProtocol, _ name: String) -> String {
            text.replacingOccurrences(of: "posix-mq:/jobs", with: "posix-mq:/\(name)")
                .replacingOccurrences(of: "0x4d51", with: "0x\(String(UniqueName.key(), radix: 16))")
        }

        @Test("Its first commands move more lines than a queue holds")
        func first() throws {
            let name = UniqueName.make()
            let block = try #require(readme.components(separatedBy: "```sh\n").dropFirst().first?.components(separatedBy: "```").first)
            let script = """
                cd "$D"; seq 1000 > jobs.txt; trap 'mq delete posix-mq:/\(name); kill $!' EXIT
                \(own(block, name))
                for i in {1..200}; do [ "$(wc -l < done.txt)" = 1000 ] && break; sleep 0.05; done; cmp jobs.txt done.txt && echo same
                """
            let result = try sh(script)
            #expect(result.lines.last == "same", "\(result.text) \(result.errorText)")
        }

        @Test("Every queue that it creates can be made with the limits that Linux has by itself")
        func creations() throws {
            let lines = readme.split(separator: "\n").filter { $0.hasPrefix("mq create ") }
            #expect(lines.count >= 3)
            for line in lines {
                let fixture = Fixture()
                defer { fixture.cleanUp() }
                let words = own(line.prefix { $0 != "#" }, UniqueName.make()).split(separator: " ").dropFirst().map(String.init)
                fixture.atEnd { _ = try? mq().run("delete", words[1], "--yes") }
                expectSuccess(try mq().run(words))
            }
        }
    }
}
