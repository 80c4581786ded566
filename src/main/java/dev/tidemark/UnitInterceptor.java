package dev.tidemark;

import dev.tidemark.TidemarkListener.Unit;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jdbi.v3.core.Handle;

/**
 * Runs code around each transaction and around each call of the handler, for tracing, MDC, or binding the connection to a thread.
 * Both methods have defaults, so implement only what is needed. Interceptors nest: the one that was added first is outermost.
 *
 * <p>Called on the thread that runs the transaction: a worker, or the caller of {@code redrive}. Several run at once, so an
 * implementation must be thread-safe. Trials, whose transactions are always rolled back and which find out what causes a failure, pass
 * through it too, with {@link TidemarkListener.Outcome#TRIAL}.
 */
public interface UnitInterceptor {
    /**
     * Around one transaction, from before it begins until after its end. Must call {@code run} once, on the thread it is called on,
     * and cannot change the outcome of the transaction: if it throws, that is logged once per class and ignored; if it does not call
     * {@code run}, the transaction runs anyway.
     */
    default void aroundTransaction(Transaction transaction) {
        Unit unused = transaction.run();
    }

    /**
     * Around one call of the handler, within its transaction. Must call {@code proceed} once, and may do so on another thread if it
     * waits until {@code proceed} has returned. What it throws counts as thrown by the handler, and so does a failure of
     * {@code proceed} that it catches, whether of the handler or of an inner interceptor: the transaction is rolled back either way.
     *
     * @throws Exception as the handler
     */
    default void aroundHandler(HandlerCall call) throws Exception {
        call.proceed();
    }

    /** A transaction that is about to run. */
    interface Transaction {
        /** The consumer group. */
        String groupId();

        /**
         * Runs it, and returns how it ended. Does not throw what the handler throws.
         *
         * @throws IllegalStateException if it has run already, or on another thread
         */
        Unit run();
    }

    /** A call of the handler that is about to happen. */
    interface HandlerCall {
        /** The consumer group. */
        String groupId();

        /** What is passed to the handler: one record, or those of a batch. Never empty, not modifiable. */
        List<? extends ConsumerRecord<?, ?>> records();

        /** The transaction, as passed to the handler; valid until {@link UnitInterceptor#aroundHandler} returns. */
        Handle handle();

        /**
         * Calls the handler.
         *
         * @throws Exception what the handler throws; rethrow it
         * @throws IllegalStateException if it was called already, or the call is over
         */
        void proceed() throws Exception;
    }
}
