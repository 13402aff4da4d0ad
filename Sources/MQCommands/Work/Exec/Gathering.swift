import MQCore

/// Messages that the next run is given.
final class Gathering {
    /// How long a run waits for more messages while it could begin.
    private static let patience = Duration.milliseconds(2)

    private let buffer = RecordBuffer()
    /// `nil` gives a command the bytes of a message as they are.
    private let writer: RecordWriter?
    private var load = Load()
    private(set) var count = 0
    /// When the run begins with what there is.
    private(set) var due = Deadline.never

    /// Says once that frames are joined; `nil` where they are not, or where that was said.
    private var warn: ((String) -> Void)?

    init(_ plan: ExecPlan, console: Console) {
        if plan.framing == nil && plan.metaDescriptor == nil { warn = { console.warn($0) } }
        writer = plan.framing.map { [buffer] framing in
            RecordWriter(
                .framed(framing), to: buffer, queue: plan.queue, raw: true, isStrict: false, mayHaveFrames: plan.mayHaveFrames,
                warn: { console.warn($0) })
        }
    }

    var gap: Batch.Gap { writer?.gap ?? Batch.Gap() }
    var needsProperties: Bool { writer?.needsProperties ?? false }

    /// - Returns: why the message cannot be framed.
    func add(_ batch: inout Batch, _ index: Int, at position: Int, stop: StopFlag) -> TransportError? {
        let properties = batch.properties(of: index)
        if let writer {
            if let error = writer.write(&batch, index..<index + 1, stop: stop).error { return error }
        } else {
            load.body = .message(batch.bytes(of: index))
            if let warn, let count = properties.frames?.count {
                self.warn = nil
                warn("message \(position + 1) has \(Quantity.count(count, "frame")): the command gets them joined, -J keeps them apart")
            }
        }
        load.properties = count == 0 ? properties : nil
        load.positions.add(position..<position + 1)
        if let id = properties.id { load.ids.append(id) }
        count += 1
        if count == 1 { due = .after(Self.patience) }
        return nil
    }

    func take() -> Load {
        if writer != nil { load.body = .framed(buffer.take()) }
        defer { (load, count, due) = (Load(), 0, .never) }
        return load
    }
}
