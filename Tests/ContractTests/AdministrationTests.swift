import Foundation
import MQTesting
import Testing

extension ProgramContract {
    @Suite("The queues themselves", .timeLimit(.minutes(1)))
    struct AdministrationTests {
        @Test("A queue is created, listed, shown, purged and deleted", arguments: ContractSubject.administered)
        func life(subject: ContractSubject) throws {
            let fixture = Fixture()
            defer { fixture.cleanUp() }
            let address = subject.missing!()
            fixture.atEnd { _ = try? mq().run("delete", address, "--if-exists") }
            let created = try mq().run("create", address + ",mode=0640")
            expectSuccess(created)
            #expect(created.output.isEmpty && created.errorText.isEmpty)
            #expect(try mq().run("list", "\(subject.transport):").text.contains("\n\(address) "))
            #expect(try mq().run("list").text.contains("\n\(address) "))

            expectSuccess(try mq().run("send", address, "a", "bcd"))
            let stat = try mq().run("stat", address)
            expectSuccess(stat)
            #expect(stat.text.contains(/Messages +2\n/) && stat.text.contains("0640"))
            let json = try jsonObject(try mq().run("stat", address, "--json").text)
            #expect(
                json["messages"] as? Int == 2 && json["address"] as? String == address && json["transport"] as? String == subject.transport)

            let purged = try mq().run("purge", address)
            expectSuccess(purged)
            #expect(purged.text == "2\n")
            #expect(try mq().run("purge", address).text == "0\n")

            expectSuccess(try mq().run("delete", address))
            expectSentence(try mq().run("delete", address), 66, subject.missingWords)
            expectSuccess(try mq().run("delete", address, "--if-exists"))
            #expect(!(try mq().run("list").text.contains(address)))
        }

        @Test("mq list --json holds queues and the kernel's limits with how full they are", arguments: ContractSubject.administered)
        func listJSON(subject: ContractSubject) throws {
            try subject.withQueue { queue in
                let json = try jsonObject(try mq().run("list", "\(subject.transport):", "--json").text)
                let queues = try #require(json["queues"] as? [[String: Any]])
                let mine = try #require(queues.first { $0["address"] as? String == queue.send })
                #expect(mine["messages"] as? Int == 0 && mine["transport"] as? String == subject.transport)
                let limits = try #require(json["limits"] as? [[String: Any]])
                #expect(!limits.isEmpty)
                for limit in limits { #expect(limit["limit"] is Int && limit["name"] is String && limit["remedy"] is String, "\(limit)") }
                #expect(limits.contains { ($0["used"] as? Int ?? 0) >= 1 }, "the queue made here counts")
            }
        }

        @Test("The lists of all transports stand under one another, and mq list takes a name without its colon")
        func listAll() throws {
            let all = try mq().run("list")
            expectSuccess(all)
            for subject in ContractSubject.administered {
                let one = try mq().run("list", subject.transport)
                expectSuccess(one)
                #expect(!one.text.isEmpty)
            }
            #expect(try jsonObject(try mq().run("list", "--json").text)["queues"] is [Any])
        }

        @Test("What a name holds of control characters does not reach the terminal")
        func controlCharacters() throws {
            let result = try mq().run("recv", "posix-mq:/a\u{1b}[31mb\u{7}")
            expectSentence(result, 66)
            #expect(!result.errorOutput.contains(0x1b) && !result.errorOutput.contains(7))
        }
    }
}
