package dev.tidemark;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.MDC;

/**
 * Puts {@code topic}, {@code partition} and {@code offset} into SLF4J's MDC while a handler runs, so that each of its log lines names
 * its record; for a batch, the first one. Never puts keys or values there. {@code group} is in the MDC of Tidemark's own threads
 * without this interceptor. Thread-safe.
 */
public final class MdcInterceptor implements UnitInterceptor {
    private static final String TOPIC = "topic";
    private static final String PARTITION = "partition";
    private static final String OFFSET = "offset";

    @Override
    public void aroundHandler(HandlerCall call) throws Exception {
        ConsumerRecord<?, ?> first = call.records().get(0);
        try (MDC.MDCCloseable topic = MDC.putCloseable(TOPIC, first.topic());
                MDC.MDCCloseable partition = MDC.putCloseable(PARTITION, Integer.toString(first.partition()));
                MDC.MDCCloseable offset = MDC.putCloseable(OFFSET, Long.toString(first.offset()))) {
            call.proceed();
        }
    }
}
