package dtc.log.fenced;

import java.util.function.Function;

/** The result of sending a request to the store once. */
public sealed interface Attempt<R> {

    /** Maps the result, if there is one. */
    default <S> Attempt<S> map(Function<R, S> mapping) {
        return switch (this) {
            case Answered<R>(R result, String storeId, long revision) ->
                new Answered<>(mapping.apply(result), storeId, revision);
            case NoAnswer<R>(String reason) -> new NoAnswer<>(reason);
        };
    }

    /**
     * The store has executed the request.
     *
     * @param storeId identifies the store; a new store has a different id
     * @param revision the revision of the store when it executed the request; increases with each change of the store
     */
    record Answered<R>(R result, String storeId, long revision) implements Attempt<R> {}

    /**
     * The request may have been executed, may be executed later, or never. An error that the store reports is not an
     * answer: an earlier attempt of the same request may have been executed.
     *
     * @param reason for operators
     */
    record NoAnswer<R>(String reason) implements Attempt<R> {}
}
