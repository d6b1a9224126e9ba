// Original file: proto/evenkeel/v1/scheduler.proto


export interface ListMigrationsRequestInput {
  'limit'?: (number);
  'activeOnly'?: (boolean);
}

export interface ListMigrationsRequest {
  'limit': (number);
  'activeOnly': (boolean);
}
