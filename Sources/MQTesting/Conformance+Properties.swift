import MQCore

extension Conformance {
    /// What is advertised travels with the message.
    static let properties: [ConformanceCheck] = [
        ConformanceCheck("the highest priority is delivered first", if: { $0.has(.priority) }) { subject in
            let sent = [1, 5, 3, 5].map { priority in changed { $0.priority = priority } }
            let received = try exchange(subject, sent)
            try require(received.map(\.properties.priority) == [5, 5, 3, 1], "\(received.map(\.properties.priority))")
            try require(received.map(\.number) == [1, 3, 2, 0], "equal priorities change places")
        },
        ConformanceCheck("types travel", if: { $0.has(.type) }) { subject in
            let received = try exchange(subject, [3, 1, 2].map { type in changed { $0.type = type } })
            try require(received.map(\.properties.type) == [3, 1, 2], "\(received.map(\.properties.type))")
        },
        ConformanceCheck("attributes travel", if: { $0.has(.attributes) }) { subject in
            let attributes = [Attribute(name: "colour", value: utf8("blue")), Attribute(name: "n", type: "Number", value: utf8("42"))]
            let received = try exchange(subject, [changed { $0.attributes = attributes }, MessageProperties()])
            for (number, properties) in received {
                let found = properties.attributes.sorted { $0.name < $1.name }
                try require(found == (number == 0 ? attributes : []), "message \(number) has \(found)")
            }
        },
        ConformanceCheck("groups travel", if: { $0.has(.group) }) { subject in
            let received = try exchange(subject, ["a", "b"].map { group in changed { $0.group = group } })
            for (number, properties) in received {
                try require(properties.group == ["a", "b"][number], "message \(number) has group \(properties.group ?? "none")")
            }
        },
        ConformanceCheck("frames travel", if: { $0.has(.frames) }) { subject in
            let received = try exchange(subject, [changed { $0.frames = [10, 0, 90] }, MessageProperties()])
            for (number, properties) in received {
                let frames = properties.frames ?? [100]
                try require(frames == (number == 0 ? [10, 0, 90] : [100]), "message \(number) has frames \(frames)")
            }
        },
        ConformanceCheck("a delayed message is held back", if: { $0.has(.delay) }) { subject in
            var subject = subject
            subject.patience += .seconds(2)
            try Link.with(subject) { link in
                var batch = Batch()
                // Whole seconds are what every broker with delays knows.
                batch.append(numbered(0))
                batch.setProperties(changed { $0.delay = .seconds(1) })
                batch.append(numbered(1))
                let start = Deadline.now()
                try link.send(batch)
                try require(try link.receive(1) == [numbered(1)], "the delayed message came first")
                try require(try link.receive(1) == [numbered(0)], "another body")
                let time = Deadline.now() - start
                try require(time >= 900_000_000, "came after \(time / 1_000_000) ms instead of 1 s")
            }
        },
        ConformanceCheck("defaults fill what a message does not say") { subject in
            let capabilities = subject.descriptor.capabilities
            var defaults = MessageProperties()
            if capabilities.contains(.priority) { defaults.priority = 7 }
            if capabilities.contains(.type) { defaults.type = 7 }
            if capabilities.contains(.group) { defaults.group = "seven" }
            if capabilities.contains(.attributes) { defaults.attributes = [Attribute(name: "seven", value: utf8("7"))] }
            let received = try exchange(subject, [MessageProperties()], defaults: defaults)
            let properties = received[0].properties
            try require(properties.priority == defaults.priority || defaults.priority == nil, "priority \(properties.priority ?? -1)")
            try require(properties.type == defaults.type || defaults.type == nil, "type \(properties.type ?? -1)")
            try require(properties.group == defaults.group || defaults.group == nil, "group \(properties.group ?? "none")")
            try require(properties.attributes == defaults.attributes || defaults.attributes.isEmpty, "attributes missing")
        },
        ConformanceCheck("properties that cannot be carried do no harm") { subject in
            let odd = changed {
                $0.id = "theirs"
                $0.timestamp = 1
                $0.attempts = 9
            }
            try require(try exchange(subject, [odd]).count == 1, "lost")
        },
    ]

    private static func changed(_ change: (inout MessageProperties) -> Void) -> MessageProperties {
        var result = MessageProperties()
        change(&result)
        return result
    }

    /// Sends numbered messages with those properties and returns what arrives, in the order of arrival.
    private static func exchange(
        _ subject: ConformanceSubject, _ sent: [MessageProperties], defaults: MessageProperties = MessageProperties()
    ) throws -> [(number: Int, properties: MessageProperties)] {
        var result: [(number: Int, properties: MessageProperties)] = []
        try Link.with(subject, configure: { $0.defaults = defaults }) { link in
            var batch = Batch()
            batch.wantsProperties = true
            for (number, properties) in sent.enumerated() {
                batch.append(numbered(number))
                if properties != MessageProperties() { batch.setProperties(properties) }
            }
            try link.send(batch)
            batch.removeAll()
            try link.collect(sent.count, into: &batch, acknowledging: true)
            let bodies = batch.bodies
            for index in 0..<batch.count {
                guard let number = (0..<sent.count).first(where: { numbered($0) == bodies[index] }) else {
                    throw ConformanceFailure("a body nobody sent")
                }
                result.append((number, batch.properties(of: index)))
            }
        }
        return result
    }
}
