/// A choice on the command line under which a verb fails by the rules of a program that runs it.
struct Convention: Sendable {
    let flag: Flag
    let value: String
    /// The status of every failure, of those too that the parser finds.
    let status: CInt
    /// What standard output is told of it.
    let text: @Sendable (_ sentence: String) -> String
}
