import MQCore

/// What `mq check` found, in the words of whoever reads it.
struct CheckReport {
    enum Format: String, CaseIterable { case text, json, tap, junit, nagios, prometheus }

    let address: String
    let results: [CheckResult]

    func text(_ format: Format) throws(TransportError) -> String {
        switch format {
        case .text: plain
        case .json: try json.line()
        case .tap: tap
        case .junit: junit
        case .nagios: nagios
        case .prometheus: prometheus
        }
    }

    private static func seconds(_ value: Double) -> String { Quantity.decimal(value, digits: 6) }
    private static func figure(_ value: Double) -> String { Int(exactly: value).map { "\($0)" } ?? seconds(value) }

    private var plain: String {
        var rows = Rows([.init(), .init(), .init(isNumeric: true), .init()])
        for result in results {
            let time = result.seconds.map { Quantity.words(.nanoseconds(Int64($0 * 1e9))) } ?? ""
            rows.append([result.state.word, result.name, time, result.words])
        }
        return rows.text()
    }

    private var json: JSONTree {
        let checks = results.map { result in
            JSONTree.present(
                ("name", .string(result.name)), ("status", .string(result.state.word)), ("message", .string(result.words)),
                ("seconds", result.seconds.map { .number(Self.seconds($0)) }), ("value", result.value.map { .number(Self.figure($0)) }),
                ("warning", result.warning.map { .string($0) }), ("critical", result.critical.map { .string($0) }))
        }
        return .present(("address", .string(address)), ("status", .string(results.state.word)), ("checks", .array(checks)))
    }

    /// Test Anything Protocol, version 14.
    private var tap: String {
        var text = "TAP version 14\n1..\(results.count)\n"
        for (index, result) in results.enumerated() {
            let isGood = result.state == .ok || result.state == .warning
            text += "\(isGood ? "ok" : "not ok") \(index + 1) - \(result.name)\n"
            if let seconds = result.seconds {
                text += "  ---\n  duration_ms: \(Quantity.decimal(seconds * 1000, digits: 3))\n"
            } else {
                text += "  ---\n"
            }
            text += "  severity: \(result.state.word)\n  message: \(NormalJSON.quoted(result.words.printable))\n"
            if let value = result.value { text += "  got: \(Self.figure(value))\n" }
            if let critical = result.critical { text += "  expected: \(NormalJSON.quoted(critical))\n" }
            text += "  ...\n"
        }
        return text
    }

    private var junit: String {
        let failures = results.count { $0.state == .critical }
        let errors = results.count { $0.state == .unknown }
        let total = results.reduce(0) { $0 + ($1.seconds ?? 0) }
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        text +=
            "<testsuite name=\"mq check \(Self.xml(address))\" tests=\"\(results.count)\" failures=\"\(failures)\" errors=\"\(errors)\" time=\"\(Self.seconds(total))\">\n"
        for result in results {
            let words = Self.xml(result.words)
            text += "  <testcase classname=\"\(Self.xml(address))\" name=\"\(result.name)\" time=\"\(Self.seconds(result.seconds ?? 0))\">"
            switch result.state {
            case .critical: text += "<failure message=\"\(words)\"/>"
            case .unknown: text += "<error message=\"\(words)\"/>"
            case .ok, .warning: text += "<system-out>\(words)</system-out>"
            }
            text += "</testcase>\n"
        }
        return text + "</testsuite>\n"
    }

    /// XML 1.0 holds no control characters, not even escaped; `printable` has put words in their place.
    private static func xml(_ text: String) -> String {
        var result = ""
        for scalar in text.printable.unicodeScalars {
            switch scalar {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "\"": result += "&quot;"
            case "\u{fffe}", "\u{ffff}": result += "\u{fffd}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// One line, and figures behind a bar (Monitoring Plugins Development Guidelines).
    private var nagios: String {
        let words = results.map { "\($0.name): \($0.words)" }.joined(separator: ", ")
        let figures = results.compactMap { result -> String? in
            guard let value = result.value ?? result.seconds else { return nil }
            let unit = result.isTime || result.value == nil ? "s" : ""
            return "'\(result.name)'=\(Self.figure(value))\(unit);\(result.warning ?? "");\(result.critical ?? "");0"
        }
        return Self.line(results.state, words) + (figures.isEmpty ? "" : " | " + figures.joined(separator: " ")) + "\n"
    }

    /// What a plugin says that could not do its work.
    static func unknown(_ sentence: String) -> String { line(.unknown, sentence) + "\n" }

    private static func line(_ state: CheckResult.State, _ words: String) -> String {
        // A bar would end the words.
        "MQ \(state.word.uppercased()) - \(words)".printable.split(separator: "|").joined(separator: "/")
    }

    private var prometheus: String {
        let label = "address=" + NormalJSON.quoted(address.printable)
        var text = "# HELP mq_check_success Whether the check passed.\n# TYPE mq_check_success gauge\n"
        for result in results {
            text += "mq_check_success{\(label),check=\"\(result.name)\"} \(result.state == .ok || result.state == .warning ? 1 : 0)\n"
        }
        text += "# HELP mq_check_duration_seconds How long the check took.\n# TYPE mq_check_duration_seconds gauge\n"
        for result in results {
            if let seconds = result.seconds {
                text += "mq_check_duration_seconds{\(label),check=\"\(result.name)\"} \(Self.seconds(seconds))\n"
            }
        }
        let values = results.filter { $0.value != nil && $0.seconds == nil }
        if values.isEmpty { return text }
        text += "# HELP mq_check_value What was measured.\n# TYPE mq_check_value gauge\n"
        for result in values { text += "mq_check_value{\(label),check=\"\(result.name)\"} \(Self.figure(result.value!))\n" }
        return text
    }
}
