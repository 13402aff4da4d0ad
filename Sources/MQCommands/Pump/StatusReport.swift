import MQCore

/// What a working verb says about itself: as JSON, and in Prometheus's text format.
struct StatusReport: Sendable {
    let verb: String
    let address: String
    let tally: Tally
    let running: RunningJobs
    let gate: Gate
    /// On the wall clock, in nanoseconds since 1970.
    let started = WallClock.now()

    var json: [UInt8] {
        let (now, jobs) = (Deadline.now(), running.all)
        var json = JSONText()
        json.open("{")
        for (key, value) in [("verb", verb), ("address", address), ("version", Build.version), ("started", Timestamp.text(started))] {
            json.key(key)
            json.value(value)
        }
        json.key("paused_since")
        if let since = gate.since { json.value(Timestamp.text(since)) } else { json.null() }
        for figure in tally.figures {
            json.key(figure.name)
            json.value(figure.value)
        }
        json.key("running")
        json.open("[")
        for job in jobs {
            json.open("{")
            json.key("number")
            json.value(job.position + 1)
            json.key("id")
            if let id = job.id { json.value(id) } else { json.null() }
            json.key("attempt")
            json.value(job.attempt)
            json.key("age_seconds")
            json.value(number: "\(Self.seconds(job.start, now))")
            json.close("}")
        }
        json.close("]")
        json.close("}")
        return json.bytes + [UInt8(ascii: "\n")]
    }

    /// The text-based exposition format, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).
    var metrics: [UInt8] {
        let (now, jobs) = (Deadline.now(), running.all)
        let labels = "verb=\"\(verb)\",address=\"\(Self.escaped(address.printable))\""
        var text = "# HELP mq_messages_total What became of messages.\n# TYPE mq_messages_total counter\n"
        func add(_ name: String, _ kind: String, _ help: String, _ value: String) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n\(name){\(labels)} \(value)\n"
        }
        let figures = tally.figures
        for figure in figures {
            guard case .result = figure.kind else { continue }
            text += "mq_messages_total{\(labels),result=\"\(figure.name)\"} \(figure.value)\n"
        }
        for figure in figures {
            switch figure.kind {
            case .result: continue
            case .state: add("mq_\(figure.name)", "gauge", "Messages that are \(figure.words) just now.", "\(figure.value)")
            case .event(let meaning): add("mq_\(figure.name)_total", "counter", meaning, "\(figure.value)")
            }
        }
        add("mq_running", "gauge", "Messages that are being worked on.", "\(jobs.count)")
        add(
            "mq_oldest_running_seconds", "gauge", "How long the oldest of them has been.",
            "\(jobs.first.map { Self.seconds($0.start, now) } ?? 0)")
        add("mq_paused", "gauge", "1 while no messages are taken.", gate.isClosed ? "1" : "0")
        add("mq_start_time_seconds", "gauge", "When this began, in seconds since 1970.", "\(Double(started / 1_000_000) / 1000)")
        return Array(text.utf8)
    }

    private static func seconds(_ start: UInt64, _ now: UInt64) -> Double {
        Double((now > start ? now - start : 0) / 1_000_000) / 1000
    }

    private static func escaped(_ label: String) -> String {
        var result = ""
        for character in label {
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
        return result
    }
}
