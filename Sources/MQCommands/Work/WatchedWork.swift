import MQCore

/// A work whose messages somebody looks at as well.
final class WatchedWork: Work {
    private let work: any Work
    private let watch: SequenceWatch

    init(_ work: any Work, _ watch: SequenceWatch) { (self.work, self.watch) = (work, watch) }

    var gap: Batch.Gap { work.gap }
    // Frames are properties.
    let needsProperties = true
    var width: Int? { work.width }
    var isParallel: Bool { work.isParallel }
    var due: Deadline { work.due }
    var descriptor: CInt { work.descriptor }

    func room() -> Int { work.room() }

    func begin(_ batch: inout Batch, _ range: Range<Int>, at position: Int, stop: StopFlag) -> Begun {
        // Before the work: it may show frames in a way of its own.
        watch.look(at: batch, range)
        return work.begin(&batch, range, at: position, stop: stop)
    }

    func collect(_ verdicts: inout [Verdict], _ lull: Lull) throws(TransportError) { try work.collect(&verdicts, lull) }
    func tend() { work.tend() }
    func finish(stop: StopFlag) throws(TransportError) { try work.finish(stop: stop) }
    func abandon() { work.abandon() }
    func close() throws(TransportError) { try work.close() }
}
