/// The measured time as a worker goes through it: begins behind the warm-up, ends with the last window.
struct Stopwatch {
    let begin: UInt64
    let end: UInt64
    private let isThread: Bool
    private var startUse: ResourceUse?
    private var startTime: UInt64 = 0
    private(set) var cost = Cost()
    private(set) var seconds = 0.0
    private var isOver = false

    init(begin: UInt64, end: UInt64, isThread: Bool) {
        (self.begin, self.end, self.isThread) = (begin, end, isThread)
    }

    /// To be called once a batch, with the clock's time; whether the batch belongs to the measured time.
    mutating func tick(_ now: UInt64) -> Bool {
        if now < begin || isOver { return false }
        if startUse == nil {
            startUse = ResourceUse(thread: isThread)
            startTime = now
            return false
        }
        if now >= end { stop(now) }
        return !isOver
    }

    mutating func stop(_ now: UInt64) {
        guard let startUse, !isOver else { return }
        isOver = true
        cost = ResourceUse(thread: isThread).cost(since: startUse)
        seconds = Double(now - startTime) / 1e9
    }
}
