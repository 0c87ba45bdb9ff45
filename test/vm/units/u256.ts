export * from '../../../vm/u256';
export * from '../../../vm/u256-division';
