import { buildModule } from '@nomicfoundation/hardhat-ignition/modules';

/** A UUPS proxy, initialised and counted up, each step after the one before. */
export default buildModule('Counter', (m) => {
  const target = m.contract('Counter');
  const call = m.encodeFunctionCall(target, 'initialize', [m.getAccount(0)]);
  const proxy = m.contract('CounterProxy', [target, call]);
  const counter = m.contractAt('Counter', proxy, { id: 'CounterBehindProxy' });
  m.call(counter, 'add', [5n]);
  return { counter };
});
