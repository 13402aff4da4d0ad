import Foundation
import MQTesting
import Testing

/// The options of a run that is over soon.
let benchShort = ["-d", "300ms", "--warmup", "100ms"]

extension MeasuringContract {
    @Suite("Measuring", .serialized, .timeLimit(.minutes(2)))
    struct BenchTests {
        private let fixture = Fixture()

        /// Results of a run by their address.
        private func results(_ json: String) throws -> [String: [String: Any]] {
            let report = try jsonObject(json)
            #expect(report["schema"] as? String == "mq.bench/1")
            let list = try #require(report["results"] as? [[String: Any]])
            return Dictionary(uniqueKeysWithValues: list.map { ($0["address"] as? String ?? "", $0) })
        }

        private func account(_ result: [String: Any]?, _ phase: String) throws -> [String: Int] {
            let phase = try #require(result?[phase] as? [String: Any], "no \(phase) in \(result ?? [:])")
            return try #require(phase["account"] as? [String: Int])
        }

        private func bench(_ words: [String], in folder: String) throws -> (ProgramResult, [String: [String: Any]]) {
            let result = try mq().run(["bench"] + words + ["--json", "\(folder)/run.json"], timeout: .seconds(60))
            expectSuccess(result)
            return (result, try results(String(decoding: try contents("\(folder)/run.json"), as: UTF8.self)))
        }

        @Test("Four transports side by side, with every output")
        func sideBySide() throws {
            let folder = try fixture.directory()
            let addresses = ["posix-mq:temp", "sysv:temp", "zmq:temp", "mem:temp"]
            let files = ["--csv", "\(folder)/run.csv", "--md", "\(folder)/run.md", "--hdr", "\(folder)/run"]
            // Each of the five windows is longer than others keep the processors.
            let (result, found) = try bench(addresses + ["-d", "600ms", "--warmup", "100ms"] + files, in: folder)
            for line in result.lines { #expect(line.count <= 80, "\(line)") }
            #expect(result.errorText == "")
            for address in addresses {
                #expect(result.text.contains(address))
                #expect(found[address]?["failure"] == nil, "\(found[address] ?? [:])")
                for phase in ["throughput", "latency"] {
                    let account = try account(found[address], phase)
                    #expect([account["lost"], account["duplicated"], account["reordered"]] == [0, 0, 0], "\(address) \(account)")
                    #expect((account["sent"] ?? 0) > 100 && account["sent"] == account["received"])
                }
                let windows = (found[address]?["throughput"] as? [String: Any])?["windows"] as? [[String: Any]]
                #expect(windows?.count == 5)
                #expect(windows?.allSatisfy { ($0["messages"] as? Int ?? 0) > 0 } == true, "\(windows ?? [])")
            }
            for file in ["run.csv", "run.md", "run.hlog"] { #expect(try contents("\(folder)/\(file)").count > 200, "\(file)") }
        }

        @Test(
            "A number of messages is kept exactly, however many sides there are",
            arguments: [
                ["-n", "10000"], ["-n", "10000", "-p", "2", "-c", "2"], ["-n", "10000", "--same-process"], ["-n", "1"],
                ["-n", "999", "-p", "3"],
            ])
        func exactCount(options: [String]) throws {
            // Sockets have one receiver each.
            let addresses = ["posix-mq:temp", "sysv:temp"] + (options.contains("-p") ? [] : ["zmq:temp"])
            let (_, found) = try bench(addresses + benchShort + options + ["--rate", "max"], in: try fixture.directory())
            for address in addresses {
                let account = try account(found[address], "throughput")
                #expect(account["sent"] == Int(options[1]) && account["received"] == account["sent"], "\(address) \(account)")
                #expect(account["duplicated"] == 0)
            }
        }

        @Test("Round trips, over time and counted", arguments: [[], ["-n", "500"], ["--rate", "200"], ["--same-process"]])
        func roundTrips(options: [String]) throws {
            let addresses = ["posix-mq:temp", "zmq:temp"]
            let (result, found) = try bench(addresses + ["--rtt"] + benchShort + options, in: try fixture.directory())
            #expect(result.text.contains("round trip"))
            for address in addresses {
                let account = try account(found[address], "latency")
                #expect(account["lost"] == 0 && (account["sent"] ?? 0) > 20, "\(address) \(account)")
                let latency = found[address]?["latency"] as? [String: Any]
                let response = try #require(latency?["response"] as? [String: Any])
                if options.first == "-n" { #expect(account["sent"] == 500 && response["count"] as? Int == 500) }
                #expect((response["p50"] as? Double ?? 0) > 1e-6 && (response["p50"] as? Double ?? 1) < 0.5)
            }
        }

        @Test("A run compared with itself has not changed; conditions decide the status; unlike plans are refused")
        func compare() throws {
            let folder = try fixture.directory()
            fixture.atEnd {
                for name in ["before", "larger"] { unlink("\(folder)/mq/bench/\(name).json") }
                for path in ["mq/bench", "mq"] { rmdir("\(folder)/\(path)") }
            }
            func run(_ words: String..., timeout: Duration = .seconds(40)) throws -> ProgramResult {
                try mq().run(words, environment: ["XDG_DATA_HOME": folder], timeout: timeout)
            }
            expectSuccess(try run("bench", "posix-mq:temp", "--rate", "max", "-d", "300ms", "--warmup", "50ms", "--save", "before"))
            expectSuccess(
                try run("bench", "posix-mq:temp", "--rate", "max", "-d", "300ms", "--warmup", "50ms", "-s", "200", "--save", "larger"))
            let same = try run("bench", "compare", "before", "before")
            expectSuccess(same)
            #expect(
                same.text.contains(" same") && same.text.ranges(of: "better").count == 1 && !same.text.contains("new run"), "\(same.text)")
            for line in same.lines { #expect(line.count <= 80, "\(line)") }
            #expect(try run("bench", "compare", "before", "before", "--fail-on", "throughput<-5%", "--fail-on", "lost>0").status == 0)
            #expect(try run("bench", "compare", "before", "before", "--fail-on", "throughput<1000M/s").status == 1)
            #expect(try run("bench", "compare", "before", "before", "--fail-on", "lost>0", "--fail-on", "cpu>1ns").status == 1)
            let unlike = try run("bench", "compare", "before", "larger")
            #expect(unlike.status == 64, "\(unlike.status)")
            #expect(unlike.errorText.contains("do not compare") && unlike.errorText.contains("--force"), "\(unlike.errorText)")
            #expect(try run("bench", "compare", "before", "larger", "--force").status == 0)
            expectFailure(try run("bench", "compare", "before", "absent"), 74, ["absent"])
        }

        @Test("One address that cannot be measured is status 1, and the others are")
        func partly() throws {
            let result = try mq().run(["bench", "posix-mq:/\(UniqueName.make("absent"))", "mem:temp"] + benchShort)
            #expect(result.status == 1, "\(result.errorText)")
            #expect(result.text.contains("FAILED") && result.text.contains("mem:temp"))
            #expect(result.errorText.contains("1 of 2 could not be measured"))
        }

        @Test(
            "A mistake is status 64, before anything is measured",
            arguments: [
                (["mem:temp", "-s", "15"], "at least 16"), (["mem:temp", "-s", "big"], "is not a size"),
                (["mem:temp", "-s", "64:16:x2"], "ends before it begins"), (["mem:temp", "--rate", "fast"], "is not a rate"),
                (["mem:temp", "--rate", "0"], "is not a rate"), (["mem:temp", "--rate", "find"], "--slo"),
                (["mem:temp", "--slo", "p99<5ms"], "go together"),
                (["mem:temp", "--rate", "find", "--slo", "p99>5ms"], "is not an objective"),
                (["mem:temp", "-p", "0"], "-p"), (["mem:temp", "-c", "101"], "-c"), (["mem:temp", "--windows", "0"], "--windows"),
                (["mem:temp", "--window", "0"], "--window '0' is not a number of messages"),
                (["mem:temp", "-d", "soon"], "-d"), (["mem:temp", "-d", "0s"], "-d"), (["mem:temp", "-d", "1000000h"], "-d"),
                (["mem:temp", "--rtt", "-p", "2"], "-p and -c"),
                (["mem:temp", "--rtt", "--rate", "find", "--slo", "p99<1s"], "do not go together"), (["mem:temp", "-n", "0"], "-n"),
                ([], "address"),
                (["kafka:x"], "unknown scheme"), (["mem:temp", "--save", "a/b"], "is not a name"),
                (["compare", "a", "b", "--fail-on", "p98>1%"], "p98"), (["compare", "a"], "NEW"),
            ])
        func mistakes(words: [String], says: String) throws {
            let result = try mq().run(["bench"] + words, timeout: .seconds(5))
            expectFailure(result, 64, [says])
            #expect(result.text == "")
        }
    }
}
