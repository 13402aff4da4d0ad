/// A histogram as pairs of index and count: what is not there costs nothing on the way.
struct SparseHistogram: Sendable {
    var indices: [Int] = []
    var counts: [Int] = []
    var minimum = 0
    var maximum = 0
    var sum = 0.0
}

extension SparseHistogram: JSONRecord {
    mutating func describe(_ fields: inout JSONFields) {
        fields.field("indices", &indices)
        fields.field("counts", &counts)
        fields.field("minimum", &minimum)
        fields.field("maximum", &maximum)
        fields.field("sum", &sum)
    }
}

extension Histogram {
    var sparse: SparseHistogram {
        var result = SparseHistogram()
        guard !isEmpty else { return result }
        for index in counts.indices where counts[index] > 0 {
            result.indices.append(index)
            result.counts.append(Int(counts[index]))
        }
        (result.minimum, result.maximum, result.sum) = (minimum, maximum, mean * Double(count))
        return result
    }

    init(_ sparse: SparseHistogram) {
        self.init(
            buckets: zip(sparse.indices, sparse.counts), minimum: sparse.minimum, maximum: sparse.maximum, sum: sparse.sum)
    }
}
