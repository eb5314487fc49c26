/** What a view shows of the server: read when it is opened, and again when something changed. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { toError, type ApiError } from './api';
import { tick } from './live';

export interface Resource<T> {
  data: T | undefined;
  error: ApiError | undefined;
  reload: () => void;
}

/** `key` tells what is read: with another key nothing old is shown. */
export function useResource<T>(key: string, read: (signal: AbortSignal) => Promise<T>, follow = true): Resource<T> {
  const [state, setState] = useState<{ key: string; data?: T; error?: ApiError }>({ key });
  const [turn, setTurn] = useState(0);
  const now = follow ? tick.value : 0;
  const reader = useRef(read);
  reader.current = read;
  useEffect(() => {
    const abort = new AbortController();
    reader.current(abort.signal).then(
      (data) => abort.signal.aborted || setState({ key, data }),
      (reason: unknown) => abort.signal.aborted || setState((old) => ({ key, ...(old.key === key ? { data: old.data } : {}), error: toError(reason) }) as typeof old),
    );
    return () => abort.abort();
  }, [key, now, turn]);
  const current = state.key === key;
  return {
    data: current ? state.data : undefined,
    error: current ? state.error : undefined,
    reload: () => setTurn((value) => value + 1),
  };
}
