import CFewtap
import Dispatch
import FewtapCore
import Synchronization

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What work on other threads tells, and whether it shall end.
final class Watch: Sendable {
  /// How far the work is.
  struct News {
    var fraction = -1.0
    var stage: String
    var completed = 0
    var total: Int?
    var photoPSNR = Double.nan
    var relativeError = Double.nan
  }

  let cancellation = Cancellation()
  private let latest: Mutex<News>

  init(stage: String) { latest = Mutex(News(stage: stage)) }

  /// Tells `news`, from any thread.
  func tell(_ news: News) { latest.withLock { $0 = news } }

  /// Asks the caller once whether to go on.
  fileprivate func ask(_ function: fewtap_progress_function, _ context: UnsafeMutableRawPointer?) {
    let news = latest.withLock { $0 }
    let isCancelled = news.stage.withCString { stage in
      var progress = fewtap_progress()
      progress.size = UInt32(MemoryLayout<fewtap_progress>.size)
      (progress.fraction, progress.stage) = (news.fraction, stage)
      (progress.completed, progress.total) = (Int64(news.completed), Int64(news.total ?? 0))
      (progress.photo_psnr, progress.relative_error) = (news.photoPSNR, news.relativeError)
      return function(&progress, context) != 0
    }
    if isCancelled { cancellation.cancel() }
  }
}

/// Seconds between two questions to the caller: a key is felt to work at once, and asking costs nothing.
private let interval = 0.05

/// Does `work`. With a `function` it is done on another thread, and the caller's own one asks the caller meanwhile; once before it
/// begins, too.
func watched<Value: Sendable>(
  _ function: fewtap_progress_function?, _ context: UnsafeMutableRawPointer?, stage: String,
  _ work: @escaping @Sendable (Watch) throws -> Value
) throws -> Value {
  let watch = Watch(stage: stage)
  guard let function else { return try work(watch) }
  watch.ask(function, context)
  let done = DispatchSemaphore(value: 0)
  let outcome = Mutex<Result<Value, any Error>?>(nil)
  let thread = try Worker.start {
    let result = Result { try work(watch) }
    outcome.withLock { $0 = result }
    done.signal()
  }
  while done.wait(timeout: .now() + interval) == .timedOut {
    // Once is enough: whoever asked for an end waits for it.
    if !watch.cancellation.isCancelled { watch.ask(function, context) }
  }
  pthread_join(thread, nil)
  guard let result = outcome.withLock({ $0 }) else { throw CallError(FEWTAP_INTERNAL, "work ended without a result") }
  return try result.get()
}

/// A thread of its own: those of Dispatch's queues do not come back in a process that was forked.
private final class Worker: Sendable {
  private let work: @Sendable () -> Void

  private init(_ work: @escaping @Sendable () -> Void) { self.work = work }

  /// Begins `work`; the thread is to be joined.
  static func start(_ work: @escaping @Sendable () -> Void) throws(CallError) -> pthread_t {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    // Of a main thread; Darwin gives others a sixteenth.
    pthread_attr_setstacksize(&attributes, 8 << 20)
    let worker = Unmanaged.passRetained(Worker(work))
    #if canImport(Darwin)
    var thread: pthread_t?
    let status = pthread_create(&thread, &attributes, { Worker.run($0) }, worker.toOpaque())
    let started = thread
    #else
    var thread = pthread_t()
    let status = pthread_create(&thread, &attributes, { $0.flatMap { Worker.run($0) } }, worker.toOpaque())
    let started: pthread_t? = thread
    #endif
    guard status == 0, let started else {
      worker.release()
      throw CallError(FEWTAP_OUT_OF_MEMORY, "no thread can be started: \(String(cString: strerror(status)))")
    }
    return started
  }

  private static func run(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<Worker>.fromOpaque(pointer).takeRetainedValue().work()
    return nil
  }
}
