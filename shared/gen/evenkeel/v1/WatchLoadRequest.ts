// Original file: proto/evenkeel/v1/scheduler.proto


export interface WatchLoadRequestInput {
  'intervalMs'?: (number);
}

export interface WatchLoadRequest {
  'intervalMs': (number);
}
