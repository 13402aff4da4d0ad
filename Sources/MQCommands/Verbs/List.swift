import MQCore

struct List: Verb {
    static let table = VerbTable(
        "list", .queues, .reads, "List queues, and the limits they share.",
        description: [
            .text(
                "Without a scheme, lists every kind of queue that this machine has. Limits are shown with how full they are and what raises them."
            )
        ],
        operands: [Operand("SCHEME", .optional, .scheme, help: "A scheme with its colon, or an address whose broker to ask.")],
        sections: [VerbTable.Section("Output", [.json])],
        examples: [
            VerbTable.Example("The queues of this machine's kernel:", "mq list"),
            VerbTable.Example("POSIX queues that hold messages:", "mq list posix-mq: --json | jq '.queues[] | select(.messages > 0)'"),
        ],
        statuses: [69, 76, 77, 78])

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let address = words.word("SCHEME")
        let texts: [String]
        if let address {
            texts = [address.contains(":") || address.hasPrefix("@") ? address : address + ":"]
        } else {
            texts = Registry.descriptors.filter { $0.capabilities.contains(.admin) && $0.listsByDefault }.map { $0.schemes[0] + ":" }
        }
        var listings: [(Descriptor, QueueListing)] = []
        for text in texts {
            do throws(TransportError) {
                let resolved = try ResolvedAddress(text, options: address == nil ? [] : words.texts(.option))
                try resolved.require(.admin, for: "list queues")
                listings.append((resolved.descriptor, try Administration.open(resolved, console).list()))
            } catch {
                if address != nil { throw error }
                console.warn("\(text) \(console.remedies.worded(error, at: text).sentence)")
            }
        }
        if words.has(.json) {
            try Results.print(Self.json(listings))
        } else {
            try Results.print(listings.map { Self.text($0, $1) }.joined(separator: "\n"))
        }
        return .success
    }

    private static func text(_ descriptor: Descriptor, _ listing: QueueListing) -> String {
        var text = "\(descriptor.name): no queues\n"
        if !listing.queues.isEmpty {
            let columns = listing.columns.map { column in
                Rows.Column(column.heading.uppercased(), isNumeric: listing.queues.contains { $0[column.key]?.isNumeric ?? false })
            }
            var rows = Rows([.init("ADDRESS")] + columns)
            for queue in listing.queues { rows.append([queue.address] + listing.columns.map { queue[$0.key]?.shortText ?? "-" }) }
            text = rows.text()
        }
        for limit in listing.limits {
            let used = limit.used.map { "\(Quantity.grouped($0)) of " } ?? "up to "
            text += "  \(used)\(limit.fact.value.text) \(limit.fact.label)  [\(limit.remedy)]\n"
        }
        return text
    }

    private static func json(_ listings: [(Descriptor, QueueListing)]) -> JSONTree {
        let queues = listings.flatMap { descriptor, listing in listing.queues.map { Administration.json($0, descriptor) } }
        let limits = listings.flatMap { descriptor, listing in listing.limits.map { json($0, descriptor) } }
        return ["queues": .array(queues), "limits": .array(limits)]
    }

    private static func json(_ limit: QueueLimit, _ descriptor: Descriptor) -> JSONTree {
        [
            "transport": .string(descriptor.name), "name": .string(limit.fact.key), "limit": limit.fact.value.tree,
            "used": limit.used.map { .integer($0) } ?? .null, "remedy": .string(limit.remedy),
        ]
    }
}
